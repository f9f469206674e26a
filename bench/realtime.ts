import { REALTIME_SUBSCRIBE_STATES, type RealtimeChannel } from "@supabase/supabase-js";
import { startRealtimeFixture } from "../supabase/local/realtime/realtimeFixture.ts";
import type { Measurement } from "./measure.ts";

const perSize = 40;

/** From the insert of a database event to a subscriber's callback, on one private topic with 1, 100 and 1000 subscribers. */
export async function realtime(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const subscribers of [1, 100, 1000]) {
    const samples = await measure(subscribers);
    measurements.push({
      name: `database event to a subscriber, ${subscribers} subscribers`,
      unit: "ms",
      samples,
      ...(subscribers === 100 ? { target: 5 } : {}),
    });
  }
  return measurements;
}

async function measure(subscribers: number): Promise<number[]> {
  const fixture = await startRealtimeFixture();
  try {
    await fixture.sql`create policy bench on realtime.messages for select to authenticated using (true)`;
    const token = { value: await fixture.token({ role: "authenticated", sub: crypto.randomUUID() }) };
    const samples: number[] = [];
    let received = 0;
    let all: () => void = () => undefined;
    const onMessage = (sentAt: number): void => {
      samples.push(performance.now() - sentAt);
      received += 1;
      if (received === subscribers) all();
    };
    await Promise.all(Array.from({ length: subscribers }, () => subscribe(fixture, token, onMessage)));
    for (let index = -5; index < perSize; index += 1) {
      if (index === 0) samples.length = 0;
      received = 0;
      const arrived = new Promise<void>((resolve) => (all = resolve));
      await fixture.sql`select realtime.send(${fixture.sql.json({ sentAt: performance.now() })}, 'bench', 'bench', true)`;
      await arrived;
    }
    return samples;
  } finally {
    await fixture.close();
  }
}

async function subscribe(
  fixture: Awaited<ReturnType<typeof startRealtimeFixture>>,
  token: { value: string },
  onMessage: (sentAt: number) => void,
): Promise<RealtimeChannel> {
  const client = await fixture.client({ token });
  await client.realtime.setAuth();
  const channel = client.channel("bench", { config: { private: true } });
  channel.on("broadcast", { event: "bench" }, ({ payload }) =>
    onMessage((payload as { sentAt: number }).sentAt),
  );
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) resolve();
      else reject(error ?? new Error(`The subscription is ${status}`));
    });
  });
  return channel;
}
