/** The producer's side of the child: hands records to librdkafka and waits for their reports. */

import type { Delivery, Questions, SentRecord } from "../protocol.ts";
import { type Conf, codeOf, connected, type RdKafka, type RdProducer } from "./rdkafka.ts";

export class ProducerClient {
  readonly #producer: RdProducer;
  readonly #waiting = new Map<number, (delivery: Delivery) => void>();
  #lastTicket = 0;

  constructor(kafka: RdKafka, properties: Conf) {
    this.#producer = new kafka.Producer(properties);
    this.#producer.on("event.error", () => {}); // What it means for a record stands in its report.
    this.#producer.on("delivery-report", (error, { opaque: ticket }) => {
      const settle = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      settle?.(error ? { code: error.code, text: error.message } : null);
    });
  }

  async open(timeoutMs: number): Promise<void> {
    await connected(this.#producer, timeoutMs);
    this.#producer.setPollInBackground(true);
  }

  produce({ topic, partition, records }: Questions["produce"]["ask"]): Promise<readonly Delivery[]> {
    let refused: Delivery = null;
    return Promise.all(
      records.map((record) => {
        // Behind one that the library did not take, nothing of the partition may go.
        if (refused !== null) return refused;
        const delivery = this.#hand(topic, partition, record);
        if (!(delivery instanceof Promise)) refused = delivery;
        return delivery;
      }),
    );
  }

  /** A refusal comes at once. */
  #hand(topic: string, partition: number, [key, value, headers]: SentRecord): Promise<Delivery> | Delivery {
    const ticket = ++this.#lastTicket;
    const named = Object.entries(headers).map(([name, text]) => ({ [name]: Buffer.from(text) }));
    try {
      const payload = Buffer.from(value, "base64");
      this.#producer.produce(topic, partition, payload, Buffer.from(key), null, ticket, named);
    } catch (error) {
      return { code: codeOf(error), text: error instanceof Error ? error.message : String(error) };
    }
    return new Promise((resolve) => this.#waiting.set(ticket, resolve));
  }
}
