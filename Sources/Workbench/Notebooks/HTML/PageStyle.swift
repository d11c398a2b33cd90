/// How a page looks, in light and in dark.
enum PageStyle {
    static let css = """
        :root { --ground: #fdfdfc; --text: #1d2430; --faint: #667085; --line: #e3e6ea; --soft: #f4f6f8; --accent: #0b6bcb;
          --name: #0b5cad; --option: #8a4b08; --string: #1a7f37; --bad: #b42318; --badsoft: #fef3f2; --warn: #8a5a00;
          --warnsoft: #fff8e6; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #14171c; --text: #e4e7ec; --faint: #98a2b3; --line: #2b313b; --soft: #1c2129; --accent: #6cb2ff;
            --name: #7cc0ff; --option: #f0b072; --string: #7ee2a0; --bad: #ff9b90; --badsoft: #2d1a1a; --warn: #f5c86b;
            --warnsoft: #2b2414; } }
        * { box-sizing: border-box; }
        html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
        body { margin: 0; background: var(--ground); color: var(--text); display: flex; justify-content: center; gap: 3rem;
          font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
        main { width: 100%; max-width: 54rem; padding: 2.5rem 1.5rem 5rem; min-width: 0; }
        nav { position: sticky; top: 0; align-self: flex-start; max-height: 100vh; overflow-y: auto; flex: 0 0 15rem;
          padding: 3rem 0 2rem 1.5rem; font-size: .875rem; line-height: 1.4; }
        nav ol { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line); }
        nav li { padding: .2rem 0 .2rem .9rem; }
        nav .level1 { font-weight: 600; }
        nav .level3 { padding-left: 1.8rem; }
        nav a { color: var(--faint); text-decoration: none; }
        nav .level1 a, nav a:hover { color: var(--text); }
        h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 .6em; text-wrap: balance; }
        h1 { font-size: 2rem; margin-top: 0; }
        h2 { font-size: 1.4rem; padding-top: .4em; border-top: 1px solid var(--line); }
        h3 { font-size: 1.15rem; }
        p, ul, ol, blockquote { margin: .8em 0; }
        a { color: var(--accent); }
        blockquote { margin-left: 0; padding: .1em 1em; border-left: 3px solid var(--line); color: var(--faint); }
        hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0; }
        code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        code { font-size: .9em; background: var(--soft); padding: .1em .3em; border-radius: 4px; }
        pre { font-size: .84rem; line-height: 1.5; margin: .6rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        pre code { background: none; padding: 0; font-size: inherit; }
        pre.code { background: var(--soft); border-radius: 8px; padding: .8rem 1rem; }
        footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); font-size: .85rem;
          color: var(--faint); display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
        footer p, footer ul { margin: 0; padding: 0; }
        footer ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
        footer b { font-weight: 600; }
        .mask { color: var(--faint); background: var(--soft); border-radius: 4px; padding: 0 .35em; font-size: .92em;
          font-family: system-ui, sans-serif; }
        .cell { margin: 1.4rem 0; border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
        .cell.bad { border-color: var(--bad); }
        .label { padding: .35rem 1rem; font-size: .75rem; color: var(--faint); background: var(--soft); display: flex;
          gap: .6rem; align-items: center; }
        .label a { color: inherit; text-decoration: none; font-weight: 600; letter-spacing: .02em; }
        .tag { border: 1px solid var(--line); border-radius: 99px; padding: 0 .55em; }
        .tag.failed { color: var(--bad); border-color: var(--bad); }
        .source { margin: 0; padding: .2rem 1rem .8rem; background: var(--soft); }
        .source .name { color: var(--name); font-weight: 600; }
        .source .option { color: var(--option); }
        .source .string { color: var(--string); }
        .source .variable { color: var(--option); }
        .source .comment { color: var(--faint); font-style: italic; }
        .said { padding: .5rem 1rem .8rem; border-top: 1px solid var(--line); }
        .said > * { margin: .6rem 0; }
        .warning { color: var(--warn); background: var(--warnsoft); padding: .5rem .8rem; border-radius: 6px; }
        .error { color: var(--bad); background: var(--badsoft); padding: .5rem .8rem; border-radius: 6px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .84rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
        th, td { padding: .28rem .8rem .28rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        th { font-weight: 600; color: var(--faint); vertical-align: bottom; }
        tbody tr:last-child > * { border-bottom: 0; }
        .number { text-align: right; padding-left: .6rem; white-space: nowrap; }
        .fields th { white-space: nowrap; padding-right: 1.4rem; font-weight: 500; vertical-align: top; }
        .fields td { overflow-wrap: anywhere; }
        figure { margin: .8rem 0; }
        img { max-width: 100%; height: auto; border-radius: 6px; display: block; }
        @media (prefers-color-scheme: dark) { img { background: #fff; } }
        figcaption { font-size: .8rem; color: var(--faint); margin-top: .35rem; }
        .missing { border: 1px dashed var(--line); border-radius: 6px; padding: 1rem; }
        details { font-size: .84rem; color: var(--faint); }
        summary { cursor: pointer; }
        .chart { width: 100%; max-width: 40rem; height: auto; display: block; }
        .chart text { font-size: 12px; fill: var(--faint); font-family: inherit; }
        .chart .grid { stroke: var(--line); }
        .chart .curve { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
        .chart circle { fill: var(--accent); }
        @media (max-width: 70rem) {
          body { display: block; }
          nav { position: static; max-height: none; padding: 1.5rem 1.5rem 0; max-width: 54rem; margin: 0 auto; }
          main { margin: 0 auto; } }
        @media print { nav { display: none; } .cell { break-inside: avoid; } }
        """
}
