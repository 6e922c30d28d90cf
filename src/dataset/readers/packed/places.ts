// The places of packed pictures, as plain data: the process that decodes them reads them by itself. Pictures that were sent to
// it would keep it waiting.

import type { FileHandle } from "node:fs/promises";
import { openOrdinaryHandle } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { unreadable } from "../../reader.ts";
import { archiveError } from "../archive-error.ts";
import type { PagePlace } from "../parquet/column.ts";
import type { PagePictures } from "../parquet/pictures.ts";
import type { PackedContent } from "../picture-list.ts";
import type { TarRange } from "../webdataset/tar.ts";

/** Parts of a tar archive without compression. */
export interface TarPlaces {
  readonly kind: "tar";
  readonly path: string;
  readonly items: readonly TarRange[];
}

/** Rows within one page of a Parquet file. */
export interface ParquetPlaces {
  readonly kind: "parquet";
  readonly path: string;
  /** Of the file, so that a changed one is noticed. */
  readonly size: number;
  readonly changed: number;
  readonly column: readonly string[];
  readonly page: PagePlace;
  readonly items: readonly number[];
}

export type PackedPlaces = TarPlaces | ParquetPlaces;

/** Some of the places. */
export function placesFrom(places: PackedPlaces, start: number, end?: number): PackedPlaces {
  return places.kind === "tar"
    ? { ...places, items: places.items.slice(start, end) }
    : { ...places, items: places.items.slice(start, end) };
}

/** Reads pictures, and keeps what the next ones probably need: the open file, and the page. */
export class PlaceReader {
  #archive: { readonly path: string; readonly file: FileHandle } | undefined;
  #pages: PagePictures | undefined;

  /** The picture at one of the places. @throws UsageError if the file is damaged, or has changed. */
  async read(places: PackedPlaces, item: number): Promise<PackedContent> {
    if (places.kind === "tar") return { bytes: await this.#readArchive(places.path, places.items[item]) };
    if (!this.#pages) {
      const { PagePictures } = await import("../parquet/pictures.ts");
      this.#pages = new PagePictures();
    }
    return this.#pages.read(places, item);
  }

  async close(): Promise<void> {
    this.#pages?.close();
    await this.#archive?.file.close();
  }

  async #readArchive(path: string, { start, size }: TarRange): Promise<Uint8Array> {
    if (this.#archive?.path !== path) {
      await this.#archive?.file.close();
      this.#archive = undefined;
      const file = await openOrdinaryHandle(systemPath(path)).catch((error) => {
        throw unreadable(readablePath(path), error);
      });
      this.#archive = { path, file };
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size; ) {
      const { bytesRead } = await this.#archive.file.read(bytes, done, size - done, start + done);
      if (bytesRead === 0) throw archiveError(readablePath(path), new Error("unexpected end"));
      done += bytesRead;
    }
    return bytes;
  }
}
