// A JSON list of HTML strings from standard input; the same strings as JupyterLab shows them in an untrusted notebook.
import { copyFileSync, readFileSync, rmSync } from "node:fs";

// The package holds ES modules without saying so, which node before 20.19 believes of a name in .mjs only.
const lib = new URL("node_modules/@jupyterlab/apputils/lib/", import.meta.url);
const copy = new URL(`sanitizer-${process.pid}.mjs`, lib);
copyFileSync(new URL("sanitizer.js", lib), copy);
const { Sanitizer } = await import(copy).finally(() => rmSync(copy));

const sanitizer = new Sanitizer();
const given = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(given.map(html => sanitizer.sanitize(html))));
