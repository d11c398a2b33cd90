import Foundation
import TestSupport
import Testing

@testable import Workbench

@Suite("resources shows memory, and foretells what a training takes")
struct ResourcesCommandTests {
    @Test("a plan that fits; one that does not, with commands that do and that a session takes as they are")
    func plans() throws {
        let runner = try CommandRunner()
        let text = runner.lines(
            "resources plan --dtype bfloat16 --r 4 --per-device-train-batch-size 8 --untimed --memory 8GB"
        ).joined(separator: "\n")
        for part in ["adapters", "float32 masters", "optimizer moments", "saved activations", "working memory", "fits"]
        {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        #expect(!text.contains("does not fit"))
        #expect(runner.run("model info").failure != nil, "nothing was loaded")

        // What fits is said in commands; those are run, and take what was foretold.
        for line in [
            "dataset make-cards --out cards --train 4 --valid 1 --test 1 --size 64", "dataset load cards",
            "processor load",
        ] {
            #expect(runner.run(line).failure == nil, "\(line)")
        }
        let found = runner.lines(
            "resources plan --dtype bfloat16 --freeze vision_tower,multi_modal_projector --untimed "
                + "--per-device-train-batch-size 4 --memory 180MB")
        let all = found.joined(separator: "\n")
        #expect(all.contains("does not fit") && all.contains("fits with"), "\(all)")
        let commands = found.filter { $0.hasPrefix("model ") || $0.hasPrefix("train ") }
        #expect(commands.count >= 2 && commands.last?.hasPrefix("train --per-device-train-batch-size") == true)
        for line in commands {
            let words = line.hasPrefix("train ") ? line + " --max-steps 1" : line
            let result = runner.run(words)
            #expect(result.failure == nil, "\(words): \(result.failure?.message.shown ?? "")")
        }
        let figures = runner.lines("resources").joined(separator: "\n")
        for part in ["process memory", "tensors at most", "tensors, reserved", "processor time"] {
            #expect(figures.contains(part), "\(part) is missing in\n\(figures)")
        }
        #expect(
            runner.lines("resources plan --memory 1MB --untimed").joined().contains("nothing fits: the smallest plan"))
    }

    @Test("a time is given, and options that make no sense are refused")
    func timing() throws {
        var seconds = 0.0
        let runner = try CommandRunner(now: {
            seconds += 0.001
            return seconds
        })
        #expect(runner.lines("resources plan --r 2").joined(separator: "\n").contains("an update"))
        #expect(runner.error("resources plan --resolution 100")?.contains("multiple of 14") == true)
        #expect(runner.error("resources plan --memory lots")?.contains("8GB") == true)
        #expect(runner.error("resources plan --shape huge")?.contains("paligemma2-3b-224") == true)
        #expect(runner.error("resources plan nowhere")?.contains("config.json") == true)
    }

    @Test("amounts of memory")
    func amounts() throws {
        for (text, bytes) in [
            ("8GB", 8_000_000_000), ("1.5GiB", 1_610_612_736), ("900mb", 900_000_000), ("2k", 2048), ("77", 77),
        ] {
            #expect(try ByteCount(argument: text).bytes == bytes, "\(text)")
        }
        for text in ["", "GB", "-1GB", "0", "8 XB", "nan", "1e30GB"] {
            #expect(throws: (any Error).self, "\(text)") { try ByteCount(argument: text) }
        }
    }

    @Test("the tightest bound of a container, version 2 and 1, without file pages that would be given back")
    func container() throws {
        let runner = try CommandRunner()
        let root = runner.folder.path + "/cgroup"
        func group(_ name: String, _ files: [String: String]) throws {
            let folder = name.isEmpty ? root : root + "/" + name
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (file, text) in files {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + file))
            }
        }
        #expect(ContainerMemory.read(root: root, membership: "0::/\n") == nil)
        try group(
            "a", ["memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 1\ninactive_file 200\n"])
        try group("a/b", ["memory.max": "max\n", "memory.current": "600\n"])
        #expect(ContainerMemory.read(root: root, membership: "0::/a/b\n") == ContainerMemory(limit: 1000, used: 500))
        try group("a/b", ["memory.max": "900\n", "memory.current": "600\n"])
        #expect(ContainerMemory.read(root: root, membership: "0::/a/b\n") == ContainerMemory(limit: 900, used: 600))
        try group(
            "memory/c",
            [
                "memory.limit_in_bytes": "800", "memory.usage_in_bytes": "300",
                "memory.stat": "total_inactive_file 100\n",
            ])
        let old = "5:cpu,cpuacct:/c\n4:memory:/c\n0::/\n"
        #expect(ContainerMemory.read(root: root, membership: old) == ContainerMemory(limit: 800, used: 200))
        try group("memory/c", ["memory.limit_in_bytes": "9223372036854771712"])
        #expect(ContainerMemory.read(root: root, membership: old) == nil)
        #expect(ContainerMemory.read(root: root, membership: "no lines of that kind") == nil)
    }
}
