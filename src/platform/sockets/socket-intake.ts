/** What listens on one address; `close` resolves when nothing more comes in. */
export interface OpenSocket {
  /** The port, also where any free one was asked for. */
  port: number;
  close(): Promise<void>;
}

/** A foreign protocol on a port of its own, beside HTTP: gRPC, syslog, StatsD. */
export interface SocketIntake {
  /** `otlp-grpc`, `syslog`... */
  name: string;
  /** How senders prove themselves, in words. */
  authentication: string;
  /** Listens on one address more; 0 takes any free port. Rejects when it cannot. */
  listen(host: string, port: number): Promise<OpenSocket>;
}
