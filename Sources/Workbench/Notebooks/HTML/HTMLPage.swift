/// A whole page for a browser, which needs no network, no script and no other file.
struct HTMLPage {
    let title: String
    /// Rules that this kind of page adds to those of all pages.
    var css = ""
    /// What stands between `<body>` and `</body>`.
    let body: String

    var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="palinote \(Program.version)">
        <title>\(HTMLText.escaped(title))</title>
        <style>
        \(PageStyle.css)\(css.isEmpty ? "" : "\n" + css)
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }
}
