/** Boots the Debian of a laboratory as a container, with systemd and its journal. Needs systemd-nspawn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type DebianRoot, machineNamespace, namespacePath } from './lab.ts';

const UNTIL_KILLED = 30_000;

export interface Container {
  stop(): Promise<void>;
}

export function bootContainer(root: DebianRoot): Container {
  const options = ['--register=no', '--keep-unit', '--link-journal=no', '--resolv-conf=off', '--timezone=off'];
  // The control groups are mounted only on the machine.
  const outside = [`--mount=${machineNamespace('mnt')}`, 'systemd-nspawn', '-q', '-D', root.path];
  const network = `--network-namespace-path=${namespacePath()}`;
  const child = spawn('nsenter', [...outside, ...options, network, '--console=pipe', '-b'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  return {
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // It hands this on as a request to shut down.
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), UNTIL_KILLED);
      await exited;
      clearTimeout(timer);
    },
  };
}
