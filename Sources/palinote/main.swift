print("palinote")
