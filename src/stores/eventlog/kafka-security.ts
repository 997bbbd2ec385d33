/** How a client proves itself to brokers, and brokers to it. */

import { readFileSync } from "node:fs";

export interface KafkaSecurity {
  /** PEM texts; null: plain text. Without `ca` the system's roots count. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
  readonly sasl: {
    readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    readonly username: string;
    readonly password: string;
  } | null;
}

export interface SecuritySettings {
  readonly ssl: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
  } | null;
  readonly sasl: KafkaSecurity["sasl"];
}

/** Reads the files. Throws what the file system throws. */
export function readSecurity({ ssl, sasl }: SecuritySettings): KafkaSecurity {
  if (ssl === null) return { tls: null, sasl };
  const read = (path: string) => readFileSync(path, "utf8");
  return {
    tls: {
      ...(ssl.caFile === null ? {} : { ca: read(ssl.caFile) }),
      ...(ssl.certFile === null ? {} : { cert: read(ssl.certFile) }),
      ...(ssl.keyFile === null ? {} : { key: read(ssl.keyFile) }),
    },
    sasl,
  };
}
