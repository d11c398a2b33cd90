import Console

/// How quick the notebook itself is, without a model.
struct ShellBench {
    /// Names that Tab has to choose from.
    static let nameCount = 10_000
    /// Bytes of the session file that is read.
    static let sessionByteCount = 5_000_000
    /// Cells that are recorded in a run.
    static let recordedCellCount = 50

    let context: ProgramContext
    let repeats: Int
    let folder: String

    /// Measures everything.
    func measure() throws -> [Measurement] {
        [
            try measure("prompt ready after start", makeStart(["--no-init"], "]> ")),
            try measure("exec 'help'", makeRun(["exec", "help"])),
            try measureTab("Tab among 10,000 variables", ["--init", "names"], line: "seed $name_0"),
            try measureTab("Tab among 10,000 files", ["--no-init"], line: "image info file_0"),
            try measureParsing(),
            try measureRecording(),
        ]
    }

    private func measure(_ name: String, _ work: () throws -> Double) throws -> Measurement {
        let first = try work()
        return Measurement(name: name, first: first, runs: try (0..<repeats).map { _ in try work() })
    }

    private func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = context.surroundings.now()
        try work()
        return context.surroundings.now() - start
    }
}

extension ShellBench {
    /// From starting the program to a text of its.
    private func makeStart(_ arguments: [String], _ text: String) -> () throws -> Double {
        {
            var program: ProgramOnTerminal?
            let seconds = try seconds {
                program = try ProgramOnTerminal(arguments, folder: folder)
                try program?.look(for: text)
            }
            program?.type("\u{4}")
            program?.readToEnd()
            return seconds
        }
    }

    /// From starting the program to its end.
    private func makeRun(_ arguments: [String]) -> () throws -> Double {
        { try seconds { try ProgramOnTerminal(arguments, folder: folder).readToEnd() } }
    }

    /// From the key to the end of the list of candidates, at a prompt that has many names.
    private func measureTab(_ name: String, _ arguments: [String], line: String) throws -> Measurement {
        let names = (0..<Self.nameCount).map { String(100_000 + $0).dropFirst() }
        let variables = names.map { "name_\($0) = 1\n" }.joined()
        try FileAccess.write(Array(variables.utf8), to: Paths.join(folder, "names"))
        for name in names { try FileAccess.append([], to: Paths.join(folder, "file_\(name).png")) }
        let program = try ProgramOnTerminal(arguments, folder: folder)
        defer {
            program.type("\u{15}\u{4}")
            program.readToEnd()
        }
        try program.look(for: "]> ")
        program.type(line)
        try program.look(for: line)
        return try measure(name) {
            try seconds {
                program.type("\t")
                try program.look(for: "more\r\n")
                try program.look(for: line)
            }
        }
    }

    private func measureParsing() throws -> Measurement {
        let text = Self.sessionText(byteCount: Self.sessionByteCount)
        return try measure("parse a session of 5 MB") {
            // Kept, so that giving its memory back is not measured.
            var file: SessionFile?
            let seconds = try seconds { file = try SessionFile(parsing: text, file: "bench.session.md") }
            withExtendedLifetime(file) {}
            return seconds
        }
    }

    /// A cell's time while recording, less its time without, and less the time to write the same bytes.
    private func measureRecording() throws -> Measurement {
        try measure("recording a cell, beyond what it writes") {
            let path = Paths.join(folder, "recorded.session.md")
            try FileAccess.remove(path)
            let plain = try seconds(ofCellsIn: makeSession(), after: {})
            let recording = makeSession()
            recording.execute("record recorded.session.md")
            var written = 0.0
            let recorded = try seconds(ofCellsIn: recording) {
                let bytes = try FileAccess.read(path)
                written += try seconds { try FileAccess.write(bytes, to: path + ".copy") }
            }
            return max(0, recorded - plain - written) / Double(Self.recordedCellCount)
        }
    }

    /// Seconds that cells take, without what is done after each.
    private func seconds(ofCellsIn session: Session, after: () throws -> Void) throws -> Double {
        var sum = 0.0
        for number in 0..<Self.recordedCellCount {
            let cell = seconds { _ = session.execute("rate_\(number) = \(number)\nset\nseed") }
            sum += cell
            try after()
        }
        return sum
    }

    private func makeSession() -> Session {
        Session(
            surroundings: SessionSurroundings(
                folder: folder, assets: AssetFolder(path: Paths.join(folder, "out")), now: context.surroundings.now))
    }

    /// A session file of many cells like those of a walkthrough.
    static func sessionText(byteCount: Int) -> String {
        var text = "---\nsession: 1\ntitle: Bench\nseed: 42\nassets: bench.assets\n---\n# Bench\n"
        var number = 0
        while text.utf8.count < byteCount {
            number += 1
            text += """

                ## Cell \(number)

                What is done here is explained in a sentence or two, as a notebook does it.

                ```nb id=cell-\(number) tags=long
                train --num-train-epochs 1 --learning-rate 5e-4 --per-device-train-batch-size 2
                ```
                ```out rc=0 state=5d0c91aa3b7e parts=trainer.log:1a2b3c4d
                step  loss                 rate      time
                   1  [[num 2.5134 ±1e-4]]  5.00e-04  [[dur]]
                   2  [[num 2.1033 ±1e-4]]  2.50e-04  [[dur]]
                48 images, 212 boxes, 2 labels; 梅花 10 and 红心 A among them
                ```

                ![training loss](bench.assets/cell-\(number)-1.png "sha256:0123456789ab 320x240 tile<=4 boxes:1")
                ```boxes
                10.0 20.0 30.0 40.0 king of hearts
                ```

                """
        }
        return text
    }
}
