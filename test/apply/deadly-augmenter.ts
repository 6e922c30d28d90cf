// An "augment" worker that is killed by some pictures, and hangs on others.

import { type ApplyTask, augmentPictures, type PictureResult } from "../../src/apply/task.ts";
import { serveTasks } from "../../src/common/worker-process.ts";

serveTasks<ApplyTask, PictureResult[], number>((task, report) => {
  return augmentPictures(task, (index) => {
    report(index);
    if (task.pictures[index].source.includes("deadly")) process.kill(process.pid, "SIGKILL");
    while (task.pictures[index].source.includes("endless"));
  });
});
