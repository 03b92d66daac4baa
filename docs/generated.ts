/** Every file that is made from the code, by its path in the project. */
import packageJson from '../package.json' with { type: 'json' };
import { completionScript } from '../src/cli/commands/completion.ts';
import { describeProgram } from '../src/cli/program.ts';
import { renderReference } from '../src/config/reference.ts';
import { renderProgramPage } from './man/program.ts';
import { renderSettingsPage } from './man/settings.ts';

export function generated(): ReadonlyMap<string, string> {
  const { version } = packageJson;
  const program = describeProgram(version);
  return new Map([
    ['docs/configuration.md', renderReference()],
    ['packaging/completions/tailban.bash', completionScript('bash', program)],
    ['packaging/completions/_tailban', completionScript('zsh', program)],
    ['packaging/completions/tailban.fish', completionScript('fish', program)],
    ['packaging/man/tailban.8', renderProgramPage(program, version)],
    ['packaging/man/tailban.toml.5', renderSettingsPage(version)],
  ]);
}
