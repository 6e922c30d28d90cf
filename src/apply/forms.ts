// In what form the outputs are written: files in class folders, or the records of CIFAR-10's or numpy's files.

import { UsageError } from "../common/errors.ts";
import type { PictureExtension } from "./names.ts";

export const OUTPUT_FORMS = ["folders", "cifar10", "npz"] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

export const PICTURE_FORMATS = ["png", "jpeg"] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** What a user may ask for. */
export interface FormOptions {
  /** `folders` where it is missing. */
  readonly as?: OutputForm;
  /** Of the pictures in class folders; `png` where it is missing. */
  readonly format?: PictureFormat;
  /** Of JPEG files, from 1 to 100; 95 where it is missing. */
  readonly quality?: number;
  /** Grey pictures are written in one channel. */
  readonly grey?: boolean;
}

/** What was asked for, resolved: plain data. */
export type FormSettings =
  | { readonly as: "folders"; readonly format: "png"; readonly grey: boolean }
  | { readonly as: "folders"; readonly format: "jpeg"; readonly quality: number; readonly grey: boolean }
  | { readonly as: "cifar10"; readonly grey: false }
  | { readonly as: "npz"; readonly grey: boolean };

/** @throws UsageError where options contradict one another. */
export function resolveForm({ as = "folders", format, quality, grey = false }: FormOptions): FormSettings {
  if (as !== "folders") {
    const without = format ? "--format" : quality === undefined ? undefined : "--quality";
    if (without) throw new UsageError(`${without} is for --as folders: ${as} holds pixels; leave it out`);
    if (as === "npz") return { as, grey };
    if (grey)
      throw new UsageError("--grey is not for --as cifar10, whose images are in colour; use --as npz");
    return { as, grey: false };
  }
  if (format === "jpeg") return { as, format, quality: quality ?? 95, grey };
  if (quality !== undefined)
    throw new UsageError("--quality is for --format jpeg: PNG loses nothing; leave it out");
  return { as, format: "png", grey };
}

/** The ending of the pictures that are written. */
export function extensionOf(form: FormSettings): PictureExtension {
  return form.as === "folders" && form.format === "jpeg" ? "jpg" : "png";
}
