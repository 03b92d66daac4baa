/** The configuration: is it in order, and what does it leave out that one should know of? */
import { commands, inConfig, note, type Observation, ok, problem } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Check, Situation } from '../situation.ts';

export const configCheck: Check = {
  name: 'config',
  async examine(_host: Host, situation: Situation) {
    const { configPath, configProblems, configNotes, config } = situation;
    const found: Observation[] = configProblems.map((text) => problem(text));
    if (configProblems.length > 0) {
      found.push(
        problem(
          'The configuration cannot be used: a reload changes nothing, and after a restart tailban would not run. All that follows goes by the defaults',
          commands('tailban check'),
        ),
      );
    } else if (configPath === null) found.push(ok('There is no configuration file, the defaults are in force'));
    else found.push(ok(`${configPath} is in order`));
    found.push(...configNotes.map((text) => note(text)));
    if (!config.enabled) {
      found.push(
        problem(
          'tailban is switched off by server.fail2ban.enabled, nobody is banned',
          inConfig(situation, ['[server.fail2ban]', 'enabled = true']),
        ),
      );
    }
    if (Object.values(config.limits).every((limit) => limit === null))
      found.push(problem('All limits are off, so nobody is ever banned by what stands in the logs'));
    else if (config.limits.authentication === null)
      found.push(note('The limit for failed logins is off (server.fail2ban.authentication)'));
    return found;
  },
};
