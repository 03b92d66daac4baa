/** The gates that the configuration asks for; each tries on until it can listen, and none keeps the daemon from starting. */
import type { Config } from './config/config.ts';
import type { Gate, Gatekeeper } from './gate/types.ts';
import type { Logger } from './log.ts';

const RETRY_EVERY = 10_000;

/** Whether one of them, or an enforcer, makes a server refuse locked logins. */
export function refusesLogins(config: Config): boolean {
  return gatesOf(config, NOBODY).length > 0;
}

export class Gates {
  readonly #log: Logger;
  #gates: readonly Gate[] = [];
  #timers: NodeJS.Timeout[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  async start(config: Config, gatekeeper: Gatekeeper): Promise<void> {
    this.#gates = gatesOf(config, gatekeeper);
    await Promise.all(this.#gates.map((gate) => this.#open(gate)));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    await Promise.all(this.#gates.map((gate) => gate.stop()));
    this.#gates = [];
  }

  async #open(gate: Gate): Promise<void> {
    try {
      await gate.start();
      this.#log.info(`${gate.name} listens on ${gate.address}`);
    } catch (error) {
      this.#log.error(
        { err: error },
        `${gate.name} cannot listen on ${gate.address}, next try in ${RETRY_EVERY / 1000} s`,
      );
      this.#timers.push(setTimeout(() => void this.#open(gate), RETRY_EVERY));
    }
  }
}

const NOBODY: Gatekeeper = { ask: () => ({ type: 'allow', failures: 0 }), refused: () => {}, reported: () => {} };

function gatesOf(_config: Config, _gatekeeper: Gatekeeper): readonly Gate[] {
  return [];
}
