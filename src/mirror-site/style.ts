/** The style sheets of the mirror site, inlined so that a page is one request. */
import { createHash } from 'node:crypto';
import type { Accent } from './identity/colour.js';

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#dfe4ea;--ground:#f6f7f9;--paper:#fff;--accent:#0b6e4f;--accent-ink:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa6b5;--line:#2b3440;--ground:#12161c;--paper:#1a2029;--accent:#3fbf91;--accent-ink:#08130f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--accent)}a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}
header,main,footer{max-width:72rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;justify-content:space-between}
header img{height:2.5rem;max-width:12rem;vertical-align:middle;margin-inline-end:.75rem}.text{max-width:42rem}.text li{margin:.35rem 0}
header p{margin:0;font-weight:650;font-size:1.1rem}header p a{color:inherit;text-decoration:none}
form{min-width:0;display:flex;gap:.5rem;flex:1 1 18rem;max-width:32rem}
input[type=search]{flex:1;min-width:0;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:inherit;font:inherit}
button,.button{padding:.5rem 1rem;border:0;border-radius:.5rem;background:var(--accent);color:var(--accent-ink);font:inherit;font-weight:600;text-decoration:none;display:inline-block;cursor:pointer}
.button.second{background:transparent;color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.soft{color:var(--soft)}.card{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;overflow-x:auto}
table{width:100%;border-collapse:collapse}th,td{padding:.55rem .75rem;text-align:start;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}th{font-size:.85rem;color:var(--soft);font-weight:600;white-space:nowrap}th a{color:inherit}
.number{text-align:end;font-variant-numeric:tabular-nums;white-space:nowrap}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0;padding:1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
nav.pages{display:flex;gap:1rem;justify-content:center;padding:1rem}
footer{color:var(--soft);font-size:.9rem}
a,button,select,summary{touch-action:manipulation}
table a,nav a,footer a,dd a,header p a{display:inline-block;min-height:24px;min-width:24px}
main a{text-decoration:underline}a.button{text-decoration:none}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th.name{font-size:1rem;color:inherit;white-space:normal;overflow-wrap:anywhere;min-width:14rem;width:100%;font-weight:600}
th.number a,th a{padding:.1rem 0}
.near{display:block;color:var(--accent);font-weight:600;font-size:.9rem;margin:.15rem 0}
.label{display:none;color:var(--soft)}
td.get{white-space:nowrap}
button.second{background:transparent;color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
[hidden]{display:none!important}
select{font:inherit;padding:.4rem;border:1px solid var(--soft);border-radius:.5rem;background:var(--paper);color:inherit;min-height:2.25rem;min-width:0;max-width:100%}
input[type=search]{border-color:var(--soft)}
input[type=checkbox]{width:1.5rem;height:1.5rem;margin:0}
.filters{margin:0 0 1rem}.filters form{max-width:none;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:center;padding:.75rem 0}
label{display:flex;flex-wrap:wrap;max-width:100%;gap:.5rem;align-items:center;min-height:24px}
summary{cursor:pointer;padding:.35rem 0;min-height:24px;overflow-wrap:anywhere}
summary:focus-visible,select:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
nav.pages{flex-wrap:wrap;align-items:center}nav.pages a{padding:.4rem .7rem;min-width:44px;min-height:44px;text-align:center}
nav.pages a[aria-current]{background:var(--accent);color:var(--accent-ink);border-radius:.5rem;text-decoration:none}
dd ul{margin:0;padding-inline-start:1.1rem}.comment{white-space:pre-wrap}
.files{padding:.5rem 1rem}.files ul{list-style:none;margin:0;padding-inline-start:1.1rem}.files>ul{padding:0}.files li{overflow-wrap:anywhere}.file{padding:.2rem 0}
.qr svg{display:block;width:min(100%,18rem);height:auto}
figure{margin:1rem 0}figcaption{font-weight:600}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 2rem}
.axes{display:grid;grid-template:7rem auto/max-content 1fr 1fr;gap:.1rem .5rem;color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}
.axes span{text-align:end}.axes span:first-child{grid-area:1/1;align-self:start}.axes span:nth-child(2){grid-area:1/1;align-self:end}
.axes svg{grid-area:1/2/2/4;width:100%;height:100%;border-inline-start:1px solid var(--soft);border-bottom:1px solid var(--soft)}
.axes .from{grid-area:2/2;text-align:start}.axes .to{grid-area:2/3}
.plot path{fill:none;stroke:var(--accent);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.plot table{width:auto;min-width:16rem;max-width:100%}.plot td,.plot th{white-space:normal}
footer ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.5rem 0}footer a,.text a{padding:.1rem .2rem}.text a{display:inline-block;min-height:24px}
@media (max-width:40rem){
header form{flex-basis:100%}button,.button,header input[type=search]{min-height:44px}
.list{background:none;border:0}.list table,.list tbody{display:block}
.list thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.list tr{display:flex;flex-wrap:wrap;gap:.25rem .9rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:.75rem;margin:0 0 .75rem}
.list tbody th,.list td{display:block;border:0;padding:0;text-align:start}
.list th.name{flex:1 0 100%;min-width:0}.list .label{display:inline}.list td{font-size:.9rem}
.list td.get{display:flex;gap:.75rem;flex:1 0 100%;margin-top:.4rem}.list td.get a{flex:1;text-align:center;padding:.6rem .5rem}
dl{display:block}dt{margin-top:.5rem}
}
@media (forced-colors:active){.plot path{stroke:CanvasText}.button,button{border:1px solid}nav.pages a[aria-current]{border:2px solid}}
`;

export interface PageStyle {
  readonly text: string;
  /** As a content security policy names it. */
  readonly hash: string;
}

export const defaultStyle = styleOf(STYLE);

/** With the operator's colour. */
export function styleWith(light: Accent, dark: Accent): PageStyle {
  const set = ({ colour, ink }: Accent): string => `:root{--accent:${colour};--accent-ink:${ink}}`;
  return styleOf(`${STYLE}${set(light)}\n@media (prefers-color-scheme:dark){${set(dark)}}\n`);
}

function styleOf(text: string): PageStyle {
  return { text, hash: `'sha256-${createHash('sha256').update(text).digest('base64')}'` };
}
