#include "core/report_style.hpp"

namespace ess {

namespace {

constexpr std::string_view style = R"css(
:root {
  --page: #f4f6f8; --card: #ffffff; --text: #17202a; --quiet: #4d5a67; --rule: #d5dbe1; --grid: #e3e8ec;
  --good: #0b6b3a; --warning: #7d4a00; --bad: #a3140d; --alive: #2f6fb3; --late: #fbeceb; --shade: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1419; --card: #181f26; --text: #e8edf2; --quiet: #a9b5c1; --rule: #36424e; --grid: #2a343e;
    --good: #5fd394; --warning: #f0b653; --bad: #ff8d85; --alive: #5aa2ea; --late: #3a2020; --shade: #222b34;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
main, footer { max-width: 980px; margin: 0 auto; padding: 0 16px; }
main { padding-top: 24px; }
footer { color: var(--quiet); font-size: 14px; padding-bottom: 32px; }
header, section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 24px; margin: 0 0 20px; }
header { border-top-width: 8px; border-top-color: currentColor; padding-top: 18px; }
header.good { border-top-color: var(--good); } header.warning { border-top-color: var(--warning); } header.bad { border-top-color: var(--bad); }
p { margin: 0 0 8px; }
a { color: var(--text); }
.kind { color: var(--quiet); font-size: 14px; }
h1 { font-size: 34px; line-height: 1.15; margin: 4px 0 6px; letter-spacing: .01em; }
.good h1 { color: var(--good); } .warning h1 { color: var(--warning); } .bad h1 { color: var(--bad); }
h2 { font-size: 20px; margin: 0 0 12px; }
h3 { font-size: 16px; margin: 24px 0 8px; }
.time { margin: 0; color: var(--quiet); } .time b { color: var(--text); font-variant-numeric: tabular-nums; }
.time .big { font-size: 30px; line-height: 1.2; margin-right: 8px; white-space: nowrap; }
.meter { display: block; width: 100%; height: 12px; margin: 8px 0 14px; }
.meter .whole { fill: var(--grid); } .meter .used { fill: var(--good); } .warning .meter .used { fill: var(--warning); } .bad .meter .used { fill: var(--bad); }
.verdict { font-size: 18px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 12px 24px; margin: 16px 0 0; }
.facts.trip > div:first-child { grid-column: 1 / -1; }
.facts dt { color: var(--quiet); font-size: 13px; }
.facts dd { margin: 0; }
.facts.trip > div:first-child dd { font-size: 18px; }
.none { color: var(--quiet); font-style: italic; }
.note { color: var(--quiet); font-size: 14px; }
.notice { background: var(--card); border: 1px solid var(--rule); border-left: 6px solid var(--quiet); border-radius: 4px; padding: 12px 16px; margin: 0 0 12px; }
.notice.good { border-left-color: var(--good); } .notice.warning { border-left-color: var(--warning); } .notice.bad { border-left-color: var(--bad); }
.notice p { margin: 0; } .notice ul { margin: 4px 0 0; padding-left: 20px; }
.notice:last-of-type { margin-bottom: 20px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 8px; padding: 0; font-size: 14px; }
.key { width: 16px; height: 16px; vertical-align: -3px; margin-right: 4px; }
svg text { font-family: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; font-size: 11px; fill: var(--text); text-anchor: middle; paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg.wide, svg.narrow { display: block; width: 100%; height: auto; }
svg.narrow { display: none; max-width: 520px; }
svg.wide .number { font-size: 13px; } svg.narrow text { font-size: 10px; } svg.narrow .number { font-size: 11.5px; }
svg .strong { font-weight: 700; }
svg .word, svg .tick { fill: var(--quiet); } svg .word.strong { fill: var(--text); }
svg .tick.first { text-anchor: start; }
svg .budget-label { fill: var(--bad); font-weight: 700; } svg .gone-label { font-weight: 700; }
.grid { stroke: var(--grid); } .late { fill: var(--late); }
.budget { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 3; }
.leader { stroke: var(--quiet); stroke-width: .8; }
.tick-mark { stroke: var(--text); stroke-width: 1.5; }
.alive { stroke: var(--alive); stroke-width: 9; } .alive.still { stroke: var(--bad); stroke-dasharray: 9 4; }
.settling { stroke: var(--quiet); stroke-width: 1.5; stroke-dasharray: 2 3; }
.one { stroke: var(--alive); stroke-width: 1.5; stroke-opacity: .6; }
.crowd svg text { stroke: var(--shade); }
.mark { fill: var(--card); stroke: var(--text); stroke-width: 1.8; }
.mark.killed { fill: none; stroke: var(--bad); stroke-width: 2.6; }
.mark.empty { fill: var(--text); }
.picture { margin: 0 0 20px; }
.row { border-top: 1px solid var(--rule); padding-top: 6px; break-inside: avoid; }
.unit { margin: 0 0 2px; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; }
.unit .name { font-weight: 600; } .unit .ending { color: var(--quiet); font-size: 14px; }
.crowd { background: var(--shade); }
.units { border-collapse: collapse; width: 100%; font-size: 13px; }
.units caption { text-align: left; color: var(--quiet); font-size: 14px; padding-bottom: 6px; }
.units th, .units td { border-bottom: 1px solid var(--rule); padding: 5px 8px 5px 0; text-align: left; vertical-align: top; }
.units thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; }
.units tbody th { font-weight: 600; min-width: 190px; }
.units thead th { overflow-wrap: normal; }
.units .time { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; color: var(--text); }
.units thead th:nth-child(n+3):nth-child(-n+7) { text-align: right; }
.units tr { break-inside: avoid; }
.trouble { display: block; color: var(--bad); }
.fields, .values { margin: 0; }
.fields > div { display: grid; grid-template-columns: 190px minmax(0, 1fr); gap: 0 16px; border-top: 1px solid var(--rule); padding: 6px 0; }
.hashes > div { grid-template-columns: 250px minmax(0, 1fr); }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
dl.values { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 0 12px; }
.values > div { display: contents; }
ul.values { padding-left: 18px; }
.text, .plain { white-space: pre-wrap; } .plain { font-variant-numeric: tabular-nums; }
.text { unicode-bidi: isolate; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; font-size: 13px; }
pre { background: var(--shade); border-radius: 4px; padding: 10px 12px; margin: 4px 0; white-space: pre-wrap; }
#verify li { margin-bottom: 14px; break-inside: avoid; } #verify li p { margin: 0; } #verify ol { padding-left: 24px; margin: 0; }
.expected { color: var(--quiet); font-size: 14px; }
@media (max-width: 640px) {
  main, footer { padding: 0 10px; } main { padding-top: 10px; }
  header, section { padding: 16px 14px; }
  h1 { font-size: 27px; }
  .facts { grid-template-columns: 1fr; }
  svg.wide { display: none; } svg.narrow { display: block; }
  .fields > div, .hashes > div, dl.values { grid-template-columns: minmax(0, 1fr); }
  .units, .units tbody, .units tr, .units th, .units td, .units caption { display: block; }
  .units thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .units tr { border-bottom: 1px solid var(--rule); padding: 8px 0; }
  .units th, .units td { border: 0; padding: 1px 0; }
  .units td { display: flex; justify-content: space-between; gap: 16px; }
  .units td::before { content: attr(data-name); color: var(--quiet); white-space: nowrap; }
  .units .words { text-align: right; }
}
@page { size: A4; margin: 14mm 13mm; }
@media print {
  :root {
    --page: #ffffff; --card: #ffffff; --text: #000000; --quiet: #3d4852; --rule: #c3cad1; --grid: #dde3e8;
    --good: #0b6b3a; --warning: #7d4a00; --bad: #a3140d; --alive: #2f6fb3; --late: #fbeceb; --shade: #f0f3f5; color-scheme: light;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  main, footer { max-width: none; padding: 0; }
  header, section { border-radius: 0; border-width: 0; padding: 0 0 12px; margin: 0 0 14px; }
  header { border-top-width: 6px; padding-top: 10px; }
  h2, h3, caption { break-after: avoid; }
  svg.wide { display: block; } svg.narrow { display: none; }
  .picture { display: table; width: 100%; } .head { display: table-header-group; break-inside: avoid; } .rows { display: table-row-group; }
  .facts { grid-template-columns: repeat(3, 1fr); gap: 6px 18px; margin-top: 8px; } .meter { margin: 6px 0 8px; }
  .units { font-size: 8.5pt; } .units thead { display: table-header-group; }
  .fields > div { break-inside: avoid-page; font-size: 9.5pt; }
  pre, code { font-size: 8pt; }
  .notice { break-inside: avoid; }
  .unit { font-size: 9.5pt; } .unit .ending { font-size: 8.5pt; }
}
)css";

}  // namespace

std::string_view report_style() {
    return style;
}

}  // namespace ess
