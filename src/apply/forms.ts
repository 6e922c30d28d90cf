// The formats of the output: files in class folders, or records in CIFAR-10's or numpy's files.

import { extname } from "node:path/posix";
import { UsageError } from "../common/errors.ts";
import type { PictureExtension } from "./names.ts";

export const OUTPUT_FORMS = ["folders", "cifar10", "npz"] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

export const PICTURE_FORMATS = ["png", "jpeg"] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** The user's options. */
export interface FormOptions {
  /** Defaults to `folders`. */
  readonly as?: OutputForm;
  /** Format of pictures in class folders; defaults to each input's own: JPEG for JPEG, else PNG. */
  readonly format?: PictureFormat;
  /** Quality of JPEG files, from 1 to 100; defaults to 95. */
  readonly quality?: number;
  /** Whether grey pictures are written in one channel. */
  readonly grey?: boolean;
}

/** The resolved options, as plain data. */
export type FormSettings =
  | { readonly as: "folders"; readonly format: "png"; readonly grey: boolean }
  | {
      readonly as: "folders";
      readonly format: "jpeg" | "input";
      /** Of JPEG files. */
      readonly quality: number;
      readonly grey: boolean;
    }
  | { readonly as: "cifar10"; readonly grey: false }
  | { readonly as: "npz"; readonly grey: boolean };

/** @throws UsageError if options contradict each other. */
export function resolveForm({ as = "folders", format, quality, grey = false }: FormOptions): FormSettings {
  if (as !== "folders") {
    const without = format ? "--format" : quality === undefined ? undefined : "--quality";
    if (without)
      throw new UsageError(`${without} only applies to --as folders: ${as} stores pixels; leave it out`);
    if (as === "npz") return { as, grey };
    if (grey)
      throw new UsageError("--grey does not apply to --as cifar10, whose images are in colour; use --as npz");
    return { as, grey: false };
  }
  if (format !== "png") return { as, format: format ?? "input", quality: quality ?? 95, grey };
  if (quality !== undefined)
    throw new UsageError(
      "--quality only applies to JPEG files, and --format png writes none: PNG is lossless; leave it out",
    );
  return { as, format, grey };
}

/** The extension of the pictures written for an input, a file's path or an image without one. */
export function extensionFor(form: FormSettings, input?: string): PictureExtension {
  if (form.as !== "folders" || form.format === "png") return "png";
  return form.format === "jpeg" || (input !== undefined && isJpegPath(input)) ? "jpg" : "png";
}

const JPEG_EXTENSIONS = [".jpg", ".jpeg", ".jpe", ".jfif"];

/** Whether a path has an extension of JPEG files. */
export function isJpegPath(path: string): boolean {
  return JPEG_EXTENSIONS.includes(extname(path).toLowerCase());
}
