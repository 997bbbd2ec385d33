/** SQL files imported as text. */

declare module "*.sql" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the import attribute `type: "text"` gives a default export.
  export default text;
}
