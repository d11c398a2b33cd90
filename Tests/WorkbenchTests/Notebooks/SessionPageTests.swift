import Testing

@testable import Workbench

@Suite("SessionPage")
struct SessionPageTests {
    private func page(_ text: String) throws -> String {
        SessionPage(ConversionSource(file: try SessionFile(parsing: text, file: "p"), name: "p")).text
    }

    @Test("a page is whole: no script, nothing from elsewhere, and nothing of the session is taken for HTML")
    func isWhole() throws {
        let text = """
            ---
            title: <script>alert(1)</script>
            ---
            # A <b>bold</b> [x](javascript:alert(1)) ![p](https://example.org/x.png)

            ```nb id=a tags=<i>
            say '<script>' "&"
            ```
            ```out rc=1
            <script>alert(2)</script>
            ```
            ```error "><script>
            error: <script>
            ```
            ![<script>](x.png "sha256:c01d6a7f22e9 2x3")

            """
        let page = try page(text)
        for part in ["<script", "src=\"http", "<link", "javascript:", "<b>bold", "<i>", "url("] {
            #expect(!page.contains(part), "\(part)")
        }
        #expect(page.contains("&lt;script&gt;alert(2)&lt;/script&gt;"))
        #expect(page.contains("<pre class=\"error\">error: &lt;script&gt;</pre>"))
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    }

    @Test("logged losses become a curve, unless there is a picture")
    func curve() throws {
        let cell = """
            ```nb id=a
            train
            ```
            ```out rc=0
            step 20  epoch 0.50  loss 2.2030
            step 40  epoch 1.00  loss 1.3024
            ```

            """
        let drawn = try page(cell)
        #expect(drawn.contains("<svg class=\"chart\""))
        #expect(drawn.contains("aria-label=\"loss over updates, from 2.2030 to 1.3024\""))
        #expect(drawn.contains("<title>update 40: loss 1.3024</title>"))
        #expect(drawn.contains("<th class=\"number\">step</th>"))
        let shown = try page(cell + "![loss](x.png \"sha256:c01d6a7f22e9 2x3\")\n")
        #expect(!shown.contains("<svg"))
        #expect(LossCurve(steps: [1], losses: [1]) == nil)
        #expect(LossCurve(steps: [2, 1], losses: [1, 1]) == nil)
        #expect(LossCurve.ticks(from: 20, to: 120) == [20, 40, 60, 80, 100, 120])
        #expect(LossCurve.ticks(from: 0, to: 2.2) == [0, 0.5, 1, 1.5, 2])
    }

    @Test("lines in columns are taken apart into fields and tables")
    func layout() {
        let lines = [
            "images    40, 0 boxes found", "map50_95  0.0000", "class           boxes  ap50",
            "10 of clubs         9  0.50",
            "king of hearts     10     -", "there, down", "      a  b", "a     1  0", "b     0  文",
        ]
        let expected: [OutputLayout] = [
            .fields([.init(label: "images", value: "40, 0 boxes found"), .init(label: "map50_95", value: "0.0000")]),
            .table(
                heads: ["class", "boxes", "ap50"],
                rows: [["10 of clubs", "9", "0.50"], ["king of hearts", "10", "-"]],
                isRight: [false, true, true]),
            .text(["there, down"]),
            .table(heads: ["", "a", "b"], rows: [["a", "1", "0"], ["b", "0", "文"]], isRight: [false, true, false]),
        ]
        #expect(OutputLayout.blocks(of: lines) == expected)
    }

    @Test(
        "Markdown becomes HTML",
        arguments: [
            ("# A `b`", "<h1 id=\"a-b\">A <code>b</code></h1>"),
            ("a *b* **c** _d_ e_f_g", "<p>a <em>b</em> <strong>c</strong> <em>d</em> e_f_g</p>"),
            ("[x](y.md) <https://z.org>", "<p><a href=\"y.md\">x</a> <a href=\"https://z.org\">https://z.org</a></p>"),
            ("- a\n- b\n  - c", "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul></li>\n</ul>"),
            ("2. a\n3. b", "<ol start=\"2\">\n<li>a</li>\n<li>b</li>\n</ol>"),
            ("```x\n<a>\n```", "<pre class=\"code\"><code>&lt;a&gt;</code></pre>"),
            ("> a\n> b", "<blockquote><p>a\nb</p></blockquote>"),
            (
                "| a | b |\n|---|--:|\n| 1 | `|` |",
                "<div class=\"scroll\"><table><thead><tr><th>a</th><th class=\"number\">b</th></tr></thead><tbody>\n"
                    + "<tr><td>1</td><td class=\"number\">`</td></tr>\n</tbody></table></div>"
            ),
            ("a  \nb\n\n---\n<!-- c -->", "<p>a<br>\nb</p>\n<hr>"),
            ("\\*a* 2 * 3 * 4 `` ` ``", "<p>*a* 2 * 3 * 4 <code>`</code></p>"),
        ])
    func markdown(text: String, expected: String) {
        var page = MarkdownPage { _, _ in nil }
        #expect(page.html(text.pieces) == expected)
    }
}
