/** The style sheet of the dashboard, inlined so that a page is one request. Light, dark, phone and paper. */

export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#535f6e;--line:#d9dfe6;--ground:#f5f6f8;--paper:#fff;--accent:#0b5f8a;--accent-ink:#fff;--good:#176b41;--warn:#8a5300;--bad:#b3261e;
--c0:#1f7a4d;--c1:#5aa87a;--c2:#d9a21b;--c3:#c8553d;--c4:#6b4fa0;--h0:#e3edf4;--h1:#c2dbe9;--h2:#9cc5dc;--h3:#6fa9c9;--h4:#d8b04c;--h5:#d07f3c;--h6:#b8402f}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#a3aebb;--line:#2d3742;--ground:#11151a;--paper:#191f27;--accent:#6cb8e6;--accent-ink:#08131b;--good:#5fc792;--warn:#e0a94a;--bad:#ff8a80;
--c0:#3fae77;--c1:#7fd1a5;--c2:#e6bd4f;--c3:#e98269;--c4:#a58be0;--h0:#1f2b35;--h1:#24414f;--h2:#2c5a70;--h3:#3c7b99;--h4:#a9852f;--h5:#bd6a2c;--h6:#d4523e}}
*{box-sizing:border-box}[hidden],.failed:empty{display:none!important}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--accent)}a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem;z-index:1}
header.top{background:var(--paper);border-bottom:1px solid var(--line)}
.bar{display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;align-items:center;max-width:84rem;margin:0 auto;padding:.5rem 1.25rem}
.bar>*{min-width:0}.brand{font-weight:700;text-decoration:none;color:var(--ink);margin-inline-end:auto}
.badge{display:inline-block;min-width:1.6rem;text-align:center;border-radius:1rem;padding:.05rem .5rem;font-weight:700;background:var(--bad);color:var(--paper)}.badge.none{background:transparent;color:var(--soft);border:1px solid var(--soft);font-weight:400}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem .25rem;margin:0;padding:0}
nav a{display:inline-block;padding:.3rem .6rem;min-height:24px;border-radius:.4rem;text-decoration:none}nav a:hover{text-decoration:underline}
nav a[aria-current]{background:var(--accent);color:var(--accent-ink)}
main{max-width:84rem;margin:0 auto;padding:1rem 1.25rem 3rem}
h1{font-size:1.35rem;line-height:1.25;margin:.25rem 0 .75rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:1.75rem 0 .5rem}
.soft,.note{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr));gap:.75rem;margin:.75rem 0;padding:0;list-style:none}
.tile,.card{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem}
.card+.card{margin-top:.6rem}.card>p:first-child{margin-top:0}.tile a{display:block;color:inherit;text-decoration:none}.tile a:hover .what{text-decoration:underline}.tile .value{display:block;font-size:1.55rem;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
.tile .window{display:block;color:var(--soft);font-size:.85rem}.spark{display:block;width:100%;height:1.6rem;margin-top:.3rem}.spark path{fill:none;stroke:var(--accent);stroke-width:1.5;vector-effect:non-scaling-stroke}
.alarms{list-style:none;margin:.5rem 0;padding:0}.alarms li{background:var(--paper);border:1px solid var(--line);border-inline-start:4px solid var(--bad);border-radius:.4rem;padding:.5rem .8rem;margin:.4rem 0;overflow-wrap:anywhere}.alarms li.warning{border-inline-start-color:var(--warn)}
.scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:.6rem;position:relative}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:start;padding:.4rem .75rem;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child>*{border-bottom:0}
thead th{font-size:.85rem;color:var(--soft);white-space:nowrap}tbody th{font-weight:500;max-width:30rem;overflow-wrap:anywhere}.n{text-align:end;white-space:nowrap}td.wrap{overflow-wrap:anywhere;min-width:12rem}
table a,.files a,.links a,dd a{display:inline-block;min-height:24px;min-width:24px}.files{margin:.35rem 0 1rem;font-size:.9rem;color:var(--soft)}
code,pre{font:.86rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}code{overflow-wrap:anywhere}pre{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:.5rem 0}dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;overflow-wrap:anywhere}
form.line{display:flex;flex-wrap:wrap;gap:.5rem .9rem;align-items:end;margin:.5rem 0}label{display:block;font-size:.9rem}label>span{display:block;color:var(--soft)}
input,select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.4rem;padding:.35rem .6rem;min-height:2.25rem;max-width:100%}
button{font:inherit;font-weight:600;border:0;border-radius:.4rem;background:var(--accent);color:var(--accent-ink);padding:.35rem .9rem;min-height:2.25rem;cursor:pointer}button.second{background:transparent;color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}button.danger{background:var(--bad);color:var(--paper)}
figure{margin:1rem 0}figcaption{font-weight:600}.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:0;margin:.3rem 0;font-size:.9rem;align-items:center}.legend svg{width:.8rem;height:.8rem;margin-inline-end:.35rem;vertical-align:-.05rem}
.axes{display:grid;grid-template:9rem auto/max-content 1fr 1fr;gap:.15rem .5rem;color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}.axes span{text-align:end}.axes>span:first-child{grid-area:1/1;align-self:start}.axes>span:nth-child(2){grid-area:1/1;align-self:end}
.axes svg{grid-area:1/2/2/4;width:100%;height:100%;border-inline-start:1px solid var(--soft);border-bottom:1px solid var(--soft)}.axes .from{grid-area:2/2;text-align:start}.axes .to{grid-area:2/3}
.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}.mark{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 3;vector-effect:non-scaling-stroke;fill:none}
${[0, 1, 2, 3, 4].map((i) => `.fill.c${i}{fill:var(--c${i})}.line.c${i}{stroke:var(--c${i})}`).join('')}
${[0, 1, 2, 3, 4, 5, 6].map((i) => `.heat.h${i}{fill:var(--h${i})}`).join('')}.heat.hnone{fill:none;stroke:var(--soft)}.heatmap>svg{max-width:100%;height:auto}
summary{cursor:pointer;min-height:24px;padding:.2rem 0}meter{width:100%;height:.7rem}
.pages{display:flex;gap:1rem;justify-content:center;padding:.75rem}.pages a{min-height:44px;padding:.6rem}
.notice{background:var(--paper);border:1px solid var(--accent);border-radius:.4rem;padding:.5rem .8rem;margin:.5rem 0}#stale,#rows{position:sticky;top:0;z-index:1}#stale{border-color:var(--bad)}
footer{max-width:84rem;margin:0 auto;padding:0 1.25rem 2rem;color:var(--soft);font-size:.9rem}footer a{display:inline-block;min-height:24px}
.login{max-width:26rem;margin:12vh auto;padding:0 1.25rem}.login input{width:100%;margin:.35rem 0 .75rem}
@media (max-width:40rem){main,.bar{padding-inline:.8rem}nav.menu{overflow-x:auto}nav.menu ul{flex-wrap:nowrap}nav.menu a{white-space:nowrap;min-height:44px;padding-block:.6rem}button,input,select{min-height:44px}dl.facts{display:block}dl.facts dt{margin-top:.5rem}th,td{padding:.4rem .5rem}}
@media (forced-colors:active){nav a[aria-current],button{border:2px solid}.fill,.heat{forced-color-adjust:none}}
@media print{header.top nav,header.top form,.files,form,.skip,#stale,#rows,footer,details:not([open]){display:none!important}body{background:#fff;color:#000}main{max-width:none;padding:0}.scroll,.tile,.card{border-color:#999;overflow:visible;break-inside:avoid}tr{break-inside:avoid}a{color:inherit;text-decoration:none}}
`;
