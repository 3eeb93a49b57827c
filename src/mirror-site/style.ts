/** The style sheet of the mirror site, inlined so that a page is one request. */
import { createHash } from 'node:crypto';

export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#dfe4ea;--ground:#f6f7f9;--paper:#fff;--accent:#0b6e4f;--accent-ink:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa6b5;--line:#2b3440;--ground:#12161c;--paper:#1a2029;--accent:#3fbf91;--accent-ink:#08130f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--accent)}a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}
header,main,footer{max-width:72rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;justify-content:space-between}
header p{margin:0;font-weight:650;font-size:1.1rem}header p a{color:inherit;text-decoration:none}
form{display:flex;gap:.5rem;flex:1 1 18rem;max-width:32rem}
input[type=search]{flex:1;min-width:0;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:inherit;font:inherit}
button,.button{padding:.5rem 1rem;border:0;border-radius:.5rem;background:var(--accent);color:var(--accent-ink);font:inherit;font-weight:600;text-decoration:none;display:inline-block;cursor:pointer}
.button.second{background:transparent;color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.soft{color:var(--soft)}.card{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;overflow-x:auto}
table{width:100%;border-collapse:collapse}th,td{padding:.55rem .75rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}th{font-size:.85rem;color:var(--soft);font-weight:600;white-space:nowrap}th a{color:inherit}
td.name,td.path{overflow-wrap:anywhere;min-width:14rem;width:100%}td.name a{font-weight:600;text-decoration:none}td.name a:hover{text-decoration:underline}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0;padding:1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
nav.pages{display:flex;gap:1rem;justify-content:center;padding:1rem}
footer{color:var(--soft);font-size:.9rem}
@media (max-width:40rem){.wide{display:none}td.name{min-width:9rem}}
`;

/** As a content security policy names it. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
