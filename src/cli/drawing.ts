// Draws on a terminal and moves its cursor: a whole screen, or the last line. Both leave it as it was, also if the program
// ends in between.

import { printableLines } from "../common/printable.ts";
import type { Look } from "./paint.ts";
import type { LiveDrawing, Terminal } from "./terminal.ts";
import { fit, widthOf } from "./text.ts";

/** The terminal's second screen: the first one, with its lines, is there again when it is left. */
const ENTER_SCREEN = "\x1b[?1049h\x1b[?25l";
/** Some terminals would show the top of the second screen above the first one if their size has changed: it is erased. */
const LEAVE_SCREEN = "\x1b[H\x1b[J\x1b[?25h\x1b[?1049l";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const HOME = "\x1b[H";
const ERASE_LINE = "\x1b[2K";
const ERASE_BELOW = "\x1b[J";
/** What is between these is shown at once, by terminals that know them. */
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";

/** At most one drawing in this many milliseconds. */
const LEAST_PAUSE = 100;
/** A drawing that nothing changes is repeated, for its times, and in case that another program has written there. */
const REPETITION = 1000;

/** The lines of a screen: none wider than the look's columns, and no more than its rows. */
export type DrawScreen = (look: Look & { readonly rows: number }, messages: readonly string[]) => string[];

/**
 * Fills the terminal's second screen until it is stopped. It is not wrapped or scrolled by the terminal, so that it is right
 * after each change of the terminal's size. What is printed meanwhile is part of the drawing, and is printed to the first
 * screen in the end.
 */
export class Screen implements LiveDrawing {
  readonly #terminal: Terminal;
  readonly #draw: DrawScreen;
  readonly #messages: string[] = [];
  readonly #repetition: NodeJS.Timeout;
  #pause: NodeJS.Timeout | undefined;
  #isShown = false;
  #isStopped = false;

  constructor(terminal: Terminal, draw: DrawScreen) {
    this.#terminal = terminal;
    this.#draw = draw;
    this.#repetition = setInterval(this.#show, REPETITION).unref();
    terminal.setDrawing(this);
    terminal.stderr.on("resize", this.#show);
    process.on("exit", this.stop);
    if (process.platform !== "win32") process.on("SIGTSTP", this.#suspend).on("SIGCONT", this.#show);
    this.#show();
  }

  log(line: string): void {
    this.#messages.push(...line.split("\n"));
    this.update();
  }

  /** Draws again soon. */
  update(): void {
    if (!this.#isStopped) this.#pause ??= setTimeout(this.#show, LEAST_PAUSE).unref();
  }

  /** Leaves the screen, and prints to the first one what was printed meanwhile. */
  readonly stop = (): void => {
    this.#isStopped = true;
    clearInterval(this.#repetition);
    this.#leave();
    this.#terminal.setDrawing(undefined);
    this.#terminal.stderr.off("resize", this.#show);
    process.off("exit", this.stop).off("SIGTSTP", this.#suspend).off("SIGCONT", this.#show);
    for (const line of this.#messages.splice(0)) this.#terminal.log(line);
  };

  readonly #show = (): void => {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const { columns, rows, paint } = this.#terminal.drawingLook;
    // The last column stays empty: after a character in it, terminals disagree about the place of the cursor.
    const lines = this.#draw({ columns: columns - 1, rows, paint }, this.#messages);
    const shown = lines.map((line) => ERASE_LINE + withoutControls(line, columns - 1));
    const text = HOME + shown.join("\r\n") + ERASE_BELOW;
    this.#terminal.draw(`${this.#isShown ? "" : ENTER_SCREEN}${BEGIN_UPDATE}${text}${END_UPDATE}`);
    this.#isShown = true;
  };

  #leave(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#isShown) this.#terminal.draw(LEAVE_SCREEN);
    this.#isShown = false;
  }

  /** Ctrl-Z: the shell gets its own screen back. */
  readonly #suspend = (): void => {
    this.#leave();
    process.kill(process.pid, "SIGSTOP");
  };
}

/** A line without control characters, such as those in the name of a folder; escaped, it may be too wide. */
function withoutControls(line: string, columns: number): string {
  const shown = printableLines(line);
  return shown === line ? line : fit(shown, columns);
}

/** Draws the last line until it is stopped; it then disappears. */
export class LastLine implements LiveDrawing {
  readonly #terminal: Terminal;
  readonly #draw: (look: Look) => string;
  /** Width of what is drawn, in columns. */
  #width = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal, draw: (look: Look) => string) {
    this.#terminal = terminal;
    this.#draw = draw;
    terminal.setDrawing(this);
    terminal.stderr.on("resize", this.#show);
    process.on("exit", this.stop);
    terminal.draw(HIDE_CURSOR);
    this.#show();
  }

  log(line: string): void {
    this.#terminal.draw(`${this.#eraser()}${line}\n`);
    this.#width = 0;
    this.#show();
  }

  /** Draws again, unless that was done just now. */
  update(): void {
    if (performance.now() - this.#drawnAt >= LEAST_PAUSE) this.#show();
  }

  /** Removes the line. */
  readonly stop = (): void => {
    this.#terminal.draw(this.#eraser() + SHOW_CURSOR);
    this.#terminal.setDrawing(undefined);
    this.#terminal.stderr.off("resize", this.#show);
    process.off("exit", this.stop);
  };

  readonly #show = (): void => {
    const { columns, paint } = this.#terminal.drawingLook;
    const line = this.#draw({ columns: columns - 1, paint });
    this.#terminal.draw(`${this.#eraser()}${line}`);
    this.#width = widthOf(line);
    this.#drawnAt = performance.now();
  };

  /** Erases what is drawn: several lines, if the terminal has become so narrow that it has wrapped it. */
  #eraser(): string {
    const wrapped = Math.max(0, Math.ceil(this.#width / this.#terminal.drawingLook.columns) - 1);
    return `\r${wrapped > 0 ? `\x1b[${wrapped}A` : ""}${ERASE_BELOW}`;
  }
}
