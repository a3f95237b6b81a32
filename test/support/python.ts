/** A Python that has what a test needs: FUSEWIRE_PYTHON, or python3 on the PATH; undefined where neither has it. */
import { spawnSync } from "node:child_process";

export const pythonWith = (...modules: string[]): string | undefined =>
  [process.env["FUSEWIRE_PYTHON"], "python3"].find(
    (path) =>
      path !== undefined &&
      spawnSync(path, ["-c", `import ${modules.join(", ")}`]).status === 0,
  );
