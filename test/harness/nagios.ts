import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const program = '/usr/sbin/nagios4';
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
  .map((day) => `${day} 00:00-24:00`)
  .join('\n ');
const plugins = '/usr/lib/nagios/plugins';

/** Whether Nagios, its plugins and curl are installed. */
export const nagiosThere = (): boolean => [program, `${plugins}/check_disk`, '/usr/bin/curl'].every(existsSync);

/**
 * Debian's Nagios with three services of one host, each checked every two seconds, that sends its performance data to `url` as its
 * manual says: a command that takes the file it wrote.
 */
export async function startNagios(folder: string, url: string, key: string): Promise<ChildProcess> {
  const at = (name: string): string => join(folder, name);
  await mkdir(at('results'), { recursive: true });
  const { username } = userInfo();
  const template = ['DATATYPE', 'TIMET', 'HOSTNAME', 'SERVICEDESC', 'SERVICEPERFDATA', 'SERVICESTATE', 'SERVICEOUTPUT']
    .map((name) => `${name}::${name === 'DATATYPE' ? 'SERVICEPERFDATA' : `$${name}$`}`)
    .join('\\t');
  await writeFile(
    at('nagios.cfg'),
    `log_file=${at('nagios.log')}
cfg_file=${at('objects.cfg')}
object_cache_file=${at('objects.cache')}
status_file=${at('status.dat')}
state_retention_file=${at('retention.dat')}
temp_file=${at('nagios.tmp')}
temp_path=${folder}
check_result_path=${at('results')}
lock_file=${at('nagios.lock')}
command_file=${at('nagios.cmd')}
query_socket=${at('nagios.qh')}
nagios_user=${username}
nagios_group=${username}
interval_length=1
check_for_updates=0
process_performance_data=1
service_perfdata_file=${at('service-perfdata')}
service_perfdata_file_template=${template}
service_perfdata_file_mode=a
service_perfdata_file_processing_interval=2
service_perfdata_file_processing_command=send
`,
  );
  const services = {
    Disk: `${plugins}/check_disk -w 1% -c 1% -p /`,
    Load: `${plugins}/check_load -w 1000,1000,1000 -c 2000,2000,2000`,
    Printer: `${plugins}/check_dummy 2 "it is out of paper"`,
  };
  const command = (name: string, line: string): string =>
    `define command {\n command_name ${name}\n command_line ${line}\n}\n`;
  const common = 'check_period always\n max_check_attempts 1\n check_interval 2\n notifications_enabled 0\n';
  await writeFile(
    at('objects.cfg'),
    [
      `define timeperiod {\n timeperiod_name always\n alias always\n ${days}\n}\n`,
      ...Object.entries(services).map(([name, line]) => command(name, line)),
      command(
        'send',
        `mv ${at('service-perfdata')} ${at('sending')} && /usr/bin/curl -sS -H "Authorization: Bearer ${key}" --data-binary @${at('sending')} ${url}`,
      ),
      `define host {\n host_name press\n alias press\n address 127.0.0.1\n contacts nobody\n ${common}}\n`,
      'define contact {\n contact_name nobody\n host_notifications_enabled 0\n service_notifications_enabled 0\n host_notification_period always\n service_notification_period always\n host_notification_commands send\n service_notification_commands send\n}\n',
      ...Object.keys(services).map(
        (name) =>
          `define service {\n host_name press\n service_description ${name}\n check_command ${name}\n retry_interval 2\n contacts nobody\n ${common}}\n`,
      ),
    ].join(''),
  );
  return spawn(program, [at('nagios.cfg')], { stdio: 'ignore' });
}
