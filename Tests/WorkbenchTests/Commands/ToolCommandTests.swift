import Checkpoints
import Console
import Foundation
import Images
import TestSupport
import Testing

@testable import Workbench

@Suite("Tool commands")
struct ToolCommandTests {
    private let runner: CommandRunner

    init() throws {
        runner = try CommandRunner()
    }

    private static let tiny = "--tokenizer samples/tiny-paligemma2"

    @Test("text goes to ids and back, one by one and by lines")
    func tokens() throws {
        let fields = runner.lines("tokenizer encode 'detect king<loc0005>' \(Self.tiny)")
        let ids = try #require(fields.first { $0.hasPrefix("ids") }).dropFirst("ids     ".count)
        #expect(runner.lines("tokenizer decode \(ids) \(Self.tiny)") == ["detect king<loc0005>"])
        try runner.write(#""detect king<loc0005>""# + "\n\n" + #"{"text":"detect king<loc0005>"}"#, to: "t.jsonl")
        let lines = runner.lines("tokenizer encode --lines t.jsonl \(Self.tiny)")
        #expect(lines == Array(repeating: #"{"ids":["# + ids.replacing(" ", with: ",") + "]}", count: 2))
        try runner.write(lines[0] + "\n[" + ids.replacing(" ", with: ",") + "]", to: "i.jsonl")
        #expect(
            runner.lines("tokenizer decode --lines i.jsonl \(Self.tiny)")
                == Array(repeating: #"{"text":"detect king<loc0005>"}"#, count: 2))
        #expect(runner.lines("tokenizer encode x --bos \(Self.tiny)").contains { $0.hasPrefix("ids     2 ") })
    }

    @Test(
        "what cannot be tokenized is one clear error",
        arguments: [
            ("tokenizer encode x", "there is no processor yet"),
            ("tokenizer encode \(tiny)", "tokenizer encode needs a text, or --lines"),
            ("tokenizer decode 999999999999 \(tiny)", "there is no token 999999999999"),
            ("tokenizer decode 5 --lines bad.jsonl \(tiny)", "tokenizer decode needs ids, or --lines"),
            ("tokenizer encode --lines bad.jsonl \(tiny)", #"bad.jsonl:2: the line has no string under "text""#),
            ("tokenizer decode --lines bad.jsonl \(tiny)", "bad.jsonl:1: the line is no array of ids"),
            ("tokenizer encode --lines torn.jsonl \(tiny)", "torn.jsonl:1: the line is no JSON"),
            ("tokenizer encode --lines missing.jsonl \(tiny)", "missing.jsonl: cannot read"),
            ("tokenizer encode x --tokenizer nowhere", "nowhere"),
        ])
    func badTokens(source: String, problem: String) throws {
        try runner.write("\"fine\"\n{\"ids\":[true]}", to: "bad.jsonl")
        try runner.write("{", to: "torn.jsonl")
        let message = try #require(runner.error(source))
        #expect(message.contains(problem))
    }

    @Test("location text becomes boxes in pixels, and what is no detection is said")
    func parse() {
        let text = "<loc0256><loc0128><loc0768><loc0640> king ; <loc0001> torn"
        #expect(
            runner.lines("detections parse '\(text)' --width 640 --height 480") == [
                #"warning: left out: 1 location token, a box needs 4: "<loc0001> torn""#,
                "label  x min  y min  x max  y max", "king    80.0  120.0  400.0  360.0",
            ])
        #expect(runner.lines("detections parse '' --width 6 --height 4") == ["no detections"])
        #expect(
            runner.error("detections parse '\(text)' --width 640") == "detections parse needs --width and --height")
        #expect(runner.error("detections parse x --width 0 --height 4")?.contains("cannot be 0x4 pixels") == true)
    }

    @Test("lines of location text answer with the columns of supervision's Detections")
    func parseLines() throws {
        try runner.write(
            #"{"text":"<loc0256><loc0128><loc0768><loc0640> king","width":640,"height":480,"classes":["ace","king"]}"#
                + "\n" + #"{"text":"<loc0256><loc0128><loc0768><loc0640> king's","width":640,"height":480}"#,
            to: "a.jsonl")
        let box = #"{"xyxy":[[80.0,120.0,400.0,360.0]],"#
        #expect(
            runner.lines("detections parse --lines a.jsonl") == [
                box + #""class_id":[1],"class_name":["king"],"rejected":[]}"#,
                box + #""class_id":[null],"class_name":["king's"],"rejected":[]}"#,
            ])
        #expect(
            runner.lines("detections parse --lines a.jsonl --compat supervision-0.25").last
                == box + #""class_id":[null],"class_name":["king"],"rejected":[]}"#)
        try runner.write(#"{"text":"x"}"#, to: "b.jsonl")
        #expect(
            runner.error("detections parse --lines b.jsonl")?.hasPrefix(#"b.jsonl:1: the line has no "width""#) == true)
    }

    @Test("boxes become location text, one by one and by lines")
    func format() throws {
        let text = "<loc0256><loc0128><loc0768><loc0640> king = 1"
        #expect(
            runner.lines("detections format 'king = 1=80,120,400,360' --width 640 --height 480") == [text])
        try runner.write(
            #"{"xyxy":[[80,120,400,360]],"class_name":["king = 1"],"width":640,"height":480}"#, to: "b.jsonl")
        #expect(runner.lines("detections format --lines b.jsonl") == [#"{"text":"\#(text)"}"#])
        #expect(runner.error("detections format 'king=1,2,3' --width 6 --height 4")?.contains("is no box") == true)
        #expect(runner.error("detections format 'king=1,2,3,nan' --width 6 --height 4")?.contains("is no box") == true)
        try runner.write(#"{"xyxy":[[80,120,400]],"class_name":["king"],"width":640,"height":480}"#, to: "b.jsonl")
        #expect(runner.error("detections format --lines b.jsonl")?.contains("needs four numbers") == true)
    }

    /// A picture of 3 x 2 pixels.
    private func makePicture() throws {
        try ImageBuffer(width: 3, height: 2, fill: Color(red: 255, green: 0, blue: 51))
            .write(toPNG: runner.folder.path + "/a.png")
    }

    // The digest: python3 -c "import hashlib,struct;
    // print(hashlib.sha256(struct.pack('<II',3,2)+bytes([255,0,51])*6).hexdigest())"
    private static let digest = "46adc2d38d4bf7bc17f49571ecc48f53f83fbb22241060671a35932a902721b0"

    @Test("a picture's size and pixels are told, one by one and by lines")
    func info() throws {
        try makePicture()
        #expect(
            runner.lines("image info a.png") == [
                "image   a.png", "width   3", "height  2", "sha256  \(Self.digest)",
            ])
        try runner.write(#"{"image":"a.png"}"# + "\n\"a.png\"", to: "l.jsonl")
        let line = #"{"image":"a.png","width":3,"height":2,"sha256":"\#(Self.digest)"}"#
        #expect(runner.lines("image info --lines l.jsonl") == [line, line])
        try runner.write("\"a.png\"\n\"missing.png\"", to: "l.jsonl")
        #expect(runner.error("image info --lines l.jsonl")?.hasPrefix("l.jsonl:2: ") == true)
        #expect(runner.error("image info missing.png")?.contains("missing.png: no such file") == true)
    }

    @Test("pixel values are written under the reference's name")
    func pixels() throws {
        try makePicture()
        #expect(
            runner.lines("image pixels a.png --size 2 --out p.safetensors") == [
                "1 picture of 2x2 pixels in p.safetensors"
            ])
        let path = runner.folder.path + "/p.safetensors"
        let values = try SafetensorsFile(path: path)
        #expect(try values.entry("pixel_values").shape == [1, 3, 2, 2])
        expectClose(
            try values.floats("pixel_values"), [1, 1, 1, 1, -1, -1, -1, -1, -0.6, -0.6, -0.6, -0.6], absolute: 1e-6)
        try runner.write("\"a.png\"\n{\"image\":\"a.png\"}", to: "l.jsonl")
        #expect(runner.run("image pixels --lines l.jsonl --size 2 --out p.safetensors").status == .ok)
        let both = try SafetensorsFile(path: path)
        #expect(try both.floats("pixel_values/0") == both.floats("pixel_values/1"))
    }

    @Test("a bad picture among many is named by its line, and leaves no file")
    func badPixels() throws {
        try makePicture()
        try runner.write("\"a.png\"\n\"torn.png\"", to: "l.jsonl")
        try runner.write("", to: "torn.png")
        let message = try #require(runner.error("image pixels --lines l.jsonl --size 2 --out p.safetensors"))
        #expect(message.hasPrefix("l.jsonl:2: ") && message.contains("the file is empty"))
        #expect(!FileManager.default.fileExists(atPath: runner.folder.path + "/p.safetensors"))
    }
}
