/**
 * @file `turbo boundaries`, less its complaints that AssemblyScript (packages/core/assembly) does not parse as
 * TypeScript: those files import nothing but each other, and turbo has no way to leave a folder out.
 */
import { spawnSync } from "node:child_process";

const { stdout, stderr, error } = spawnSync("turbo", ["boundaries", "--no-color"], { encoding: "utf8" });
if (error) throw error;
const output = stdout + stderr;
const checked = /Checked \d+ files in \d+ packages/.exec(output);
const issues = output.split("\n").filter((line) => /^\s*[×x] /.test(line));
const real = issues.filter((line) => !/failed to parse file .*[\\/]packages[\\/]core[\\/]assembly[\\/]/.test(line));
if (checked === null || real.length > 0) {
  console.error(output);
  process.exit(1);
}
console.log(`${checked[0]}, no import crosses a boundary`);
