/** The validated configuration: one frozen, cloneable object with units in its names. */

export const ROLES = ["http", "relay", "consumer", "monitor", "trainer"] as const;
export type Role = (typeof ROLES)[number];

export interface Config {
  readonly environment: string;
  readonly environmentClass: "development" | "production" | "other";
  readonly roles: readonly Role[];
  readonly dataDir: string;
  readonly reportsDir: string;
  readonly modelsDir: string;
  /** Allows the embedded server in production. */
  readonly embeddedAllowed: boolean;
  readonly log: {
    readonly format: "json" | "text";
    readonly level: "debug" | "info" | "warn" | "error";
    readonly userIds: "hash" | "plain" | "off";
    readonly ip: "full" | "prefix";
  };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly workers: number;
    readonly maxBodyBytes: number;
    readonly livenessMaxLagMs: number;
    readonly apiTitle: string;
    readonly docsEnabled: boolean;
    readonly drainDelayMs: number;
    /** Accepted values of `x-api-key`; empty in open mode. */
    readonly apiKeys: readonly string[];
    /** Value of `x-admin-key` that opens administration; null when none is configured. */
    readonly adminKey: string | null;
    /** Bearer token that opens `/models/reload`. */
    readonly modelReloadToken: string | null;
    /** `open`: core routes need no key. `keyed`: they do. */
    readonly authMode: "open" | "keyed";
  };
  readonly database: {
    /** Null means the embedded server. */
    readonly url: string | null;
    readonly initOnStartup: boolean;
    readonly poolMin: number;
    readonly poolMax: number;
    readonly connectTimeoutMs: number;
    /** Longest wait for a free connection. */
    readonly poolWaitMs: number;
    readonly statementTimeoutMs: number;
    readonly lockTimeoutMs: number;
  };
  readonly ingest: {
    readonly maxEventFutureMs: number;
    readonly maxEventAgeMs: number;
    readonly maxBatchSize: number;
    readonly eventIdConflictMode: "duplicate" | "reject";
    readonly maxEventBytes: number;
    readonly featureUpdateMode: string;
  };
  readonly reco: {
    readonly deadlineMs: number;
    /** What GET /reco answers by until a trained run is promoted. */
    readonly policy: "rules-v1" | "stream-v1";
    /** Newest events of a user that count as seen. */
    readonly seenMax: number;
    /** Of decayed popularity. */
    readonly popularityHalfLifeHours: number;
    /** Of the catalogue routes. */
    readonly catalogueDeadlineMs: number;
    readonly asyncImpressionLogging: boolean;
    /** Outstanding impressions each http actor may have at the writer. */
    readonly maxBackgroundTasks: number;
    readonly backpressureMode: "sync" | "drop";
    readonly backgroundShutdownMs: number;
    /** Whether policies that explore may do so. */
    readonly isExploring: boolean;
    readonly metricsWindowSec: number;
    readonly metricsMaxSamples: number;
  };
  readonly trainer: {
    /** Rows of the matrix that EASE may have to invert. */
    readonly easeMaxRows: number;
    readonly memoryMaxBytes: number;
    /** Trains by itself: by the clock, and as soon as there is enough to learn from. */
    readonly isScheduled: boolean;
    /** Puts a run into service that beats what serves. */
    readonly autoPromote: boolean;
    /** Fewer events are not learned from. */
    readonly minEvents: number;
  };
  readonly models: {
    /** Of all models that a tree holds. */
    readonly memoryMaxBytes: number;
    /** Share of answers that a loaded shadow is compared on. */
    readonly shadowSampleRate: number;
  };
  readonly cache: {
    readonly enabled: boolean;
    /** Shared by nodes behind their memory; null: each tree remembers for itself. */
    readonly redis: { readonly url: string; readonly timeoutMs: number } | null;
    /** Not ready while Redis is out of reach. */
    readonly strict: boolean;
    readonly maxKeys: number;
    readonly historyTtlMs: number;
    readonly relatedTtlMs: number;
    readonly popularityTtlMs: number;
    /**
     * How long a user's ranked list may be answered again while the profile stays the same; 0: never. As long as a
     * profile: an event of the user replaces that, and with it the list, at once; what others do meanwhile may wait.
     */
    readonly rankedListTtlMs: number;
  };
  readonly topics: { readonly impressions: string; readonly watches: string };
  /** Null means the embedded log. */
  readonly kafka: {
    /** `host:port` of each. */
    readonly bootstrapServers: readonly string[];
    readonly driver: "kafka" | "confluent";
    /** The relay's name; the consumer has its own. */
    readonly clientId: string;
    readonly requestTimeoutMs: number;
    /** Null: plain text. Without a file of authorities the system's count. */
    readonly ssl: {
      readonly caFile: string | null;
      readonly certFile: string | null;
      readonly keyFile: string | null;
    } | null;
    readonly sasl: {
      readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
      readonly username: string;
      readonly password: string;
    } | null;
    readonly topicCreate: boolean;
    readonly topicPartitions: number;
    readonly topicReplication: number;
  } | null;
  /** Of the embedded log. */
  readonly eventLog: { readonly partitions: number; readonly retentionHours: number };
  readonly outbox: {
    readonly maxAttempts: number;
    readonly partitions: number;
    readonly retentionHours: number;
    /** Unpublished rows above which batch ingest is shed. */
    readonly highWater: number;
    readonly pollIntervalMs: number;
    readonly batchSize: number;
    readonly leaseSec: number;
    readonly baseRetrySec: number;
    readonly maxRetrySec: number;
    readonly publishTimeoutMs: number;
    readonly startupMaxRetries: number;
    readonly startupBackoffMs: number;
    readonly shutdownMs: number;
  };
  readonly consumer: {
    readonly workers: number;
    readonly groupId: string;
    readonly clientId: string;
    readonly pollTimeoutMs: number;
    readonly maxPollRecords: number;
    readonly maxRetriesPerMessage: number;
    readonly startupMaxRetries: number;
    readonly startupBackoffMs: number;
    readonly shutdownMs: number;
    readonly historySize: number;
  };
  readonly retention: {
    readonly consumedDays: number;
    readonly dlqDays: number;
    readonly factDays: number;
    /** 0: no slate is stored. */
    readonly slateDays: number;
  };
  readonly metrics: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
  };
  /** Armed failpoints of fault tests; refused in production, empty otherwise. */
  readonly failpoints: string;
  readonly supervisor: { readonly intensity: number; readonly periodMs: number; readonly shutdownMs: number };
}
