import type { RealtimeChannel, RealtimeClient } from "@supabase/supabase-js";

export interface TopicListener {
  /** A broadcast on the topic: its event name and payload as sent. */
  onMessage: (event: string, payload: unknown) => void;
  /** Whether messages arrive now. Those sent while they did not are lost: fetch after each `true`. */
  onJoined: (joined: boolean) => void;
}

export interface Topics {
  /** Listens on a private topic. Returns the function that stops. */
  listen: (topic: string, listener: TopicListener) => () => void;
}

interface Room {
  channel: RealtimeChannel | null;
  joined: boolean;
  listeners: Set<TopicListener>;
  retry: ReturnType<typeof setTimeout> | undefined;
  failures: number;
}

/**
 * Private Realtime topics. One channel per topic however many listen, since a second join of a topic on one socket
 * closes the first; joins again by itself after every kind of end (error, time-out, closed by the server).
 * `connect` gives the client when something is listened to for the first time.
 */
export function makeTopics(connect: () => Promise<RealtimeClient>): Topics {
  const rooms = new Map<string, Room>();

  const setJoined = (room: Room, joined: boolean) => {
    if (room.joined === joined) return;
    room.joined = joined;
    for (const listener of room.listeners) listener.onJoined(joined);
  };

  const join = async (topic: string, room: Room) => {
    const realtime = await connect();
    // Without this the first private join goes out with the anonymous key and is refused.
    await realtime.setAuth();
    if (rooms.get(topic) !== room) return;
    const channel = realtime.channel(topic, { config: { private: true } });
    room.channel = channel;
    channel.on("broadcast", { event: "*" }, (message) => {
      for (const listener of room.listeners) listener.onMessage(message.event, message["payload"]);
    });
    channel.subscribe((status) => {
      if (room.channel !== channel) return;
      // By its text: importing the enum would put all of Realtime into the first page.
      const state: string = status;
      if (state === "SUBSCRIBED") {
        room.failures = 0;
        setJoined(room, true);
      } else {
        void joinLater(topic, room);
      }
    });
  };

  const joinLater = async (topic: string, room: Room) => {
    setJoined(room, false);
    const channel = room.channel;
    room.channel = null;
    if (channel !== null) await (await connect()).removeChannel(channel);
    room.failures += 1;
    clearTimeout(room.retry);
    room.retry = setTimeout(
      () => void join(topic, room).catch(() => joinLater(topic, room)),
      Math.min(250 * 2 ** Math.min(room.failures, 6), 10_000),
    );
  };

  const listen = (topic: string, listener: TopicListener) => {
    let room = rooms.get(topic);
    if (room === undefined) {
      room = { channel: null, joined: false, listeners: new Set(), retry: undefined, failures: 0 };
      rooms.set(topic, room);
      const opened = room;
      void join(topic, opened).catch(() => joinLater(topic, opened));
    } else if (room.joined) {
      queueMicrotask(() => listener.onJoined(true));
    }
    const joinedRoom = room;
    joinedRoom.listeners.add(listener);
    return () => {
      joinedRoom.listeners.delete(listener);
      if (joinedRoom.listeners.size > 0) return;
      clearTimeout(joinedRoom.retry);
      rooms.delete(topic);
      const { channel } = joinedRoom;
      if (channel !== null) void connect().then((realtime) => realtime.removeChannel(channel));
    };
  };

  return { listen };
}
