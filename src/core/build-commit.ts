/** Which commit this program was built from. */

/** Put in by the build. */
declare const RECO_BUILD_COMMIT: string | undefined;

/** `unknown` in the sources, and in a program built outside a repository. */
export const buildCommit: string = typeof RECO_BUILD_COMMIT === "string" ? RECO_BUILD_COMMIT : "unknown";
