// A JSON list of HTML strings from standard input; the same strings as JupyterLab shows them in an untrusted notebook.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Sanitizer } = createRequire(import.meta.url)("@jupyterlab/apputils/lib/sanitizer.js");

const sanitizer = new Sanitizer();
const given = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(given.map(html => sanitizer.sanitize(html))));
