import Glibc
import TestSupport
import Testing

@testable import Shell

/// Tests type at a real terminal, so they take turns.
@Suite("A cut session at the prompt", .serialized)
struct CutSessionTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A shell that is killed once it has run two cells; the third is running.
    private func cut() throws {
        let shell = try Terminal(folder: folder.path)
        try shell.look(for: "[1]> ")
        try shell.type("x = 3\n", look: "[2]> ")
        try shell.type("seed 7\n", look: "[3]> ")
        try shell.type("dataset make-cards --out cards --train 100000\n", look: "1/")
    }

    @Test("is offered at the next start: later keeps the offer, rewind brings it back, discard forgets it")
    func offer() throws {
        try cut()
        let later = try Terminal(folder: folder.path)
        try later.look(for: "2 cells had ended and cell 3 was running")
        try later.look(for: "or later? ")
        try later.type("later\n", look: "[1]> ")
        try later.type("\u{4}", look: "^D")
        #expect(later.exitCode() == 0)
        do {
            let back = try Terminal(folder: folder.path)
            try back.look(for: "or later? ")
            try back.type("perhaps\n", look: "or later? ")
            try back.type("rewind\n", look: "resumed 2 cells")
            try back.look(for: "[3]> ")
            try back.type("seed\n", look: "seed 7\r\n")
            try back.type("vars\n", look: "integer  3")
            try back.look(for: "[5]> ")
        }
        let forgotten = try Terminal(folder: folder.path)
        try forgotten.look(for: "4 cells had ended")
        try forgotten.type("d\n", look: "is forgotten")
        try forgotten.look(for: "[1]> ")
        try forgotten.type("vars\n", look: "[2]> ")
        try forgotten.type("\u{4}", look: "^D")
        #expect(forgotten.exitCode() == 0)
    }

    @Test("a second Ctrl-C takes the running cell back")
    func rollBack() throws {
        let shell = try Terminal(folder: folder.path)
        try shell.look(for: "[1]> ")
        for (number, line) in [
            "model load", "processor load", "dataset load", "model freeze vision_tower multi_modal_projector",
        ].enumerated() {
            try shell.type(line + "\n", look: "[\(number + 2)]> ")
        }
        try shell.type("train --max-steps 5000 --per-device-train-batch-size 4\n", look: "Running training")
        usleep(200_000)
        shell.type("\u{3}")
        usleep(30_000)
        try shell.type("\u{3}", look: "rolled back: the session is as it was before this cell")
        try shell.look(for: "[6]> ")
        try shell.type("train --resume\n", look: "no run of this model was interrupted")
        try shell.look(for: "[7]> ")
        try shell.type("cells\n", look: "rolled back")
    }
}
