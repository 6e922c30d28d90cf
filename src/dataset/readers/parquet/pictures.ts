// Reads the pictures in a column of a Parquet file: in this process, or as places that another process reads.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import type { ParquetPlaces } from "../packed/places.ts";
import type { PackedContent } from "../picture-list.ts";
import { ColumnReader, readColumn } from "./column.ts";
import { openParquet, type ParquetFile } from "./file.ts";

/** The pictures of these rows, which ascend. */
export async function* readPictures(
  file: ParquetFile,
  column: readonly string[],
  rows: Iterable<number>,
): AsyncGenerator<PackedContent, void, void> {
  const all = rows[Symbol.iterator]();
  let next = all.next();
  const isWanted = (_: number, end: number) => !next.done && next.value < end;
  for (const { start, values } of readColumn(file, column, isWanted)) {
    for (; !next.done && next.value < start + values.length; next = all.next())
      yield contentOf(values[next.value - start], column);
    if (next.done) return;
  }
}

/** The places of the pictures of these rows, which ascend, `most` or fewer at a time. */
export async function* placesOfPictures(
  file: ParquetFile,
  column: readonly string[],
  rows: Iterable<number>,
  most: number,
): AsyncGenerator<ParquetPlaces, void, void> {
  const { path, size, changed } = file;
  const all = rows[Symbol.iterator]();
  let next = all.next();
  const reader = new ColumnReader(file, column);
  try {
    const isWanted = (_: number, end: number) => !next.done && next.value < end;
    for (const page of reader.pages(isWanted)) {
      while (!next.done && next.value < page.row + page.rows) {
        const items: number[] = [];
        for (; items.length < most && !next.done && next.value < page.row + page.rows; next = all.next())
          items.push(next.value);
        yield { kind: "parquet", path, size, changed, column, page, items };
      }
      if (next.done) return;
    }
  } finally {
    reader.close();
  }
}

/** Reads places of pictures; the last page stays in memory, since the next pictures are mostly on it too. */
export class PagePictures {
  #open: { readonly key: string; readonly reader: ColumnReader } | undefined;
  #page: { readonly offset: number; readonly values: ArrayLike<unknown> } | undefined;

  /** @throws UsageError if the file is damaged, or has changed. */
  read({ path, size, changed, column, page, items }: ParquetPlaces, item: number): PackedContent {
    const key = JSON.stringify([path, size, changed, column]);
    if (this.#open?.key !== key) {
      this.close();
      const file = openParquet(path);
      if (file.size !== size || file.changed !== changed)
        throw new UsageError(`${readablePath(path)} has changed while it was read: run the command again`);
      this.#open = { key, reader: new ColumnReader(file, column) };
    }
    const { reader } = this.#open;
    if (this.#page?.offset !== page.offset) {
      // Pages may be large: the last one is not kept while the next one is read.
      this.#page = undefined;
      this.#page = { offset: page.offset, values: reader.values(page) };
    }
    const { values } = this.#page;
    return contentOf(values[items[item] - page.row], column);
  }

  close(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#page = undefined;
    open?.reader.close();
  }
}

function contentOf(value: unknown, [column]: readonly string[]): PackedContent {
  if (value instanceof Uint8Array && value.length > 0) return { bytes: value };
  return { reason: `it has no picture in the column "${column}"` };
}
