import Glibc
import Shell
import Workbench

exit(
    Program.run(
        Array(CommandLine.arguments.dropFirst()), .current(), interactive: InteractiveShell.run,
        pictureWriter: PictureWriter.make))
