// A network between this machine and itself: passes on TCP connections with a delay, can be cut, and can fall silent.

import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #delay: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #isSilent = false;

  private constructor(server: Server, port: number, target: number, delay: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    this.#delay = delay;
    server.on("connection", (socket) => this.#join(socket));
  }

  /**
   * @param target port of this machine.
   * @param delay of all that passes, in each direction, in milliseconds.
   */
  static async start(target: number, delay = 0): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
    return new TcpProxy(server, address.port, target, delay);
  }

  /** Ends all connections, and refuses new ones until `restore`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Keeps all connections, and accepts new ones, but nothing passes until `restore`. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  restore(): void {
    this.#isCut = false;
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(socket: Socket): void {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const other = connect(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ]) {
      from.setNoDelay(true);
      this.#sockets.add(from);
      from.on("data", (data) => this.#later(() => to.write(data)));
      if (this.#isSilent) from.pause();
      from.on("close", () => {
        this.#sockets.delete(from);
        this.#later(() => to.destroy());
      });
      // The end of a connection follows.
      from.on("error", () => from.destroy());
    }
  }

  #later(act: () => void): void {
    if (this.#delay === 0) act();
    else setTimeout(act, this.#delay);
  }
}
