/** The gates that the configuration asks for; each tries on until it can listen, and none keeps the daemon from starting. */
import type { Config } from '../config/config.ts';
import type { Millis } from '../core/types.ts';
import { dovecotPolicy } from '../gate/dovecot-policy.ts';
import { type Doorman, httpGate } from '../gate/http-gate.ts';
import { postfixPolicy } from '../gate/postfix-policy.ts';
import { socketmap } from '../gate/socketmap.ts';
import type { Gate, Gatekeeper } from '../gate/types.ts';
import type { Logger } from '../log.ts';

const RETRY_EVERY = 10_000;

interface GateView {
  readonly name: string;
  readonly address: string;
  readonly refusesLogins: boolean;
  readonly listening: boolean;
}

export class Gates {
  readonly #log: Logger;
  readonly #now: () => Millis;
  #gates: readonly Gate[] = [];
  readonly #listening = new Set<Gate>();
  #timers: NodeJS.Timeout[] = [];

  constructor(log: Logger, now: () => Millis) {
    this.#log = log;
    this.#now = now;
  }

  /** All of them, whether they could listen or not. */
  views(): GateView[] {
    return this.#gates.map((gate) => {
      const { name, address, refusesLogins } = gate;
      return { name, address, refusesLogins, listening: this.#listening.has(gate) };
    });
  }

  async start(config: Config, gatekeeper: Gatekeeper & Doorman): Promise<void> {
    // Switched off: who asks is answered, and everybody is let in.
    const reported: Gatekeeper['reported'] = (report) => gatekeeper.reported(report);
    this.#gates = gatesOf(config, config.enabled ? gatekeeper : { ...NOBODY, reported }, this.#now);
    await Promise.all(this.#gates.map((gate) => this.#open(gate)));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    const gates = this.#gates;
    this.#gates = [];
    this.#listening.clear();
    await Promise.all(gates.map((gate) => gate.stop()));
  }

  async #open(gate: Gate): Promise<void> {
    try {
      await gate.start();
      // Stopped meanwhile.
      if (!this.#gates.includes(gate)) return await gate.stop();
      this.#listening.add(gate);
      this.#log.info(`${gate.name} listens on ${gate.address}`);
    } catch (error) {
      if (!this.#gates.includes(gate)) return;
      this.#log.error(
        { err: error },
        `${gate.name} cannot listen on ${gate.address}, next try in ${RETRY_EVERY / 1000} s`,
      );
      this.#timers.push(setTimeout(() => void this.#open(gate), RETRY_EVERY));
    }
  }
}

const NOBODY: Gatekeeper & Doorman = {
  ask: () => ({ type: 'allow', failures: 0 }),
  refused: () => {},
  reported: () => {},
  admit: () => ({ type: 'admit', rate: null }),
  ended: () => false,
};

function gatesOf(
  { dovecot, postfix, http, requests }: Config,
  gatekeeper: Gatekeeper & Doorman,
  now: () => Millis,
): readonly Gate[] {
  const { listen: place } = http.gate;
  const { authPolicy } = dovecot;
  return [
    ...(authPolicy.listen === null ? [] : [dovecotPolicy({ ...authPolicy, ...authPolicy.listen }, gatekeeper)]),
    ...(postfix.policy === null ? [] : [postfixPolicy({ ...postfix, place: postfix.policy, gatekeeper })]),
    ...(place === null ? [] : [httpGate({ ...requests, ...http.gate, place, now }, gatekeeper)]),
    ...(postfix.socketmap === null ? [] : [socketmap({ ...postfix, place: postfix.socketmap, gatekeeper })]),
  ];
}
