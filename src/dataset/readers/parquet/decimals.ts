// The values of DECIMAL columns, exactly: the library makes numbers of them, which cannot tell those beyond 2^53 apart. Reference:
// the Apache Parquet format, "Logical Types".

import type { SchemaElement } from "hyparquet";

/** Bytes of a value, and digits behind its point: more than any program writes, and few enough to compute with. */
const MOST_BYTES = 128;
const MOST_DIGITS = 300;

export function isDecimal({ converted_type, logical_type }: SchemaElement): boolean {
  return converted_type === "DECIMAL" || logical_type?.type === "DECIMAL";
}

/**
 * Reads the stored values of a DECIMAL column.
 * @returns for a value a whole number; text if it has a fraction; null if it is missing.
 * @throws Error if the number of digits behind the point is impossible; and so does what is returned for impossible values.
 */
export function decimalReader(element: SchemaElement): (stored: unknown) => bigint | string | null {
  const { logical_type: logical } = element;
  const scale = element.scale ?? (logical?.type === "DECIMAL" ? logical.scale : 0);
  if (!(Number.isInteger(scale) && scale >= 0 && scale <= MOST_DIGITS))
    throw new Error("a DECIMAL column of impossible digits");
  const unit = 10n ** BigInt(scale);
  return (stored) => {
    if (stored === null) return null;
    const value = wholeOf(stored);
    if (value % unit === 0n) return value / unit;
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
    const fraction = digits.slice(-scale).replace(/0+$/, "");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${fraction}`;
  };
}

/** The number without its point: bytes are in two's complement, the highest first. */
function wholeOf(stored: unknown): bigint {
  if (typeof stored === "bigint" || typeof stored === "number") return BigInt(stored);
  if (!(stored instanceof Uint8Array) || stored.length === 0 || stored.length > MOST_BYTES)
    throw new Error("a DECIMAL of impossible size");
  return BigInt.asIntN(8 * stored.length, BigInt(`0x${Buffer.from(stored).toString("hex")}`));
}
