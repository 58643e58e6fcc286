/** Definition of the state machine that starts the parts of a load run, in Amazon States Language. */

/** Most parts of a run: concurrent iterations of an inline `Map`. Source: Step Functions, quotas. */
export const PARTS_MAX = 40;
/** Longest time limit of a part, in minutes. */
export const MINUTES_MAX = 1_440;
/** Name of the container of a part. */
export const CONTAINER = 'part';

/** Time from the start of the execution to that of the run, in which the tasks start. */
const LEAD_SECONDS = 180;
/** Time that a task may take besides the time limit of its part: its start, and its upload. */
const TASK_EXTRA_SECONDS = 900;
/**
 * Exit codes of a part that leave a whole record: limits kept, a limit broken, the generator was the
 * limit. The verdict over all parts is that of `daymark load merge`.
 */
const RECORD_CODES = '[0, 3, 5]';

/** Names that the definition leaves open, as in `${Cluster}`. */
export type Substitution = 'Cluster' | 'Partition' | 'SecurityGroup' | 'Subnets' | 'TaskDefinition';

const jsonata = (expression: string) => `{% ${expression} %}`;
const open = (name: Substitution) => `\${${name}}`;

/**
 * Returns the definition. Each part is tried once: a repeated part would start late, and send events
 * that the first attempt has sent. A part that fails does not stop the others, because its error is
 * caught. The execution succeeds if every part has left a whole record.
 */
export function definition(): object {
  return {
    Comment: 'Runs the parts of a load run on Fargate',
    QueryLanguage: 'JSONata',
    StartAt: 'CheckInput',
    States: {
      CheckInput: {
        Type: 'Choice',
        Choices: [
          {
            Condition: jsonata(
              `$states.input.parts in [1..${PARTS_MAX}] and ` +
                `$states.input.minutes in [1..${MINUTES_MAX}] and ` +
                "$type($states.input.budget) = 'number' and " +
                '$contains($states.input.scenario, /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/)',
            ),
            Assign: {
              run: jsonata('$states.context.Execution.Name'),
              parts: jsonata('$states.input.parts'),
              seconds: jsonata('$states.input.minutes * 60'),
              scenario: jsonata('$states.input.scenario'),
              budget: jsonata('$string($states.input.budget)'),
              startsAt: jsonata(
                '$fromMillis($toMillis($states.context.Execution.StartTime) + ' +
                  `${LEAD_SECONDS * 1_000})`,
              ),
            },
            Next: 'Parts',
          },
        ],
        Default: 'WrongInput',
      },
      WrongInput: {
        Type: 'Fail',
        Error: 'WrongInput',
        Cause:
          `Expected parts from 1 to ${PARTS_MAX}, minutes from 1 to ${MINUTES_MAX}, a budget in ` +
          'dollars and the name of a scenario in scenarios/, such as {"parts": 4, "minutes": 30, ' +
          '"budget": 5, "scenario": "peak.toml"}',
      },
      Parts: {
        Type: 'Map',
        Items: jsonata('[1..$parts]'),
        MaxConcurrency: PARTS_MAX,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Part',
          States: { Part: part(), PartFailed: { Type: 'Pass', End: true } },
        },
        Next: 'CheckRecords',
      },
      CheckRecords: {
        Type: 'Choice',
        Choices: [
          {
            Condition: jsonata(`$count($states.input[exit_code in ${RECORD_CODES}]) = $parts`),
            Next: 'AllRecords',
          },
        ],
        Default: 'RecordMissing',
      },
      AllRecords: { Type: 'Succeed' },
      RecordMissing: {
        Type: 'Fail',
        Error: 'RecordMissing',
        Cause: jsonata(
          "'These parts left no whole record: ' & " +
            `$join($states.input[$not(exit_code in ${RECORD_CODES})].$string(part), ', ')`,
        ),
      },
    },
  };
}

/** Returns the state that runs one part, whose number is its input. */
function part(): object {
  const number = jsonata('$states.input');
  // Fails without a code if the image cannot be pulled, or the task was stopped.
  const code =
    '($code := $match($string($states.errorOutput.Cause), /"ExitCode":\\s*(\\d+)/); ' +
    '$exists($code) ? $number($code[0].groups[0]) : null)';
  return {
    Type: 'Task',
    Resource: `arn:${open('Partition')}:states:::ecs:runTask.sync`,
    Arguments: {
      LaunchType: 'FARGATE',
      Cluster: open('Cluster'),
      TaskDefinition: open('TaskDefinition'),
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: jsonata(`$split('${open('Subnets')}', ',')`),
          SecurityGroups: [open('SecurityGroup')],
          // The subnets have no NAT gateway. Nothing may connect to the task.
          AssignPublicIp: 'ENABLED',
        },
      },
      Overrides: {
        ContainerOverrides: [
          {
            Name: CONTAINER,
            Command: jsonata(
              "[$run, $string($states.input) & '/' & $string($parts), $startsAt, " +
                '$string($seconds), $scenario, $budget]',
            ),
          },
        ],
      },
    },
    TimeoutSeconds: jsonata(`$seconds + ${TASK_EXTRA_SECONDS}`),
    Output: { part: number, exit_code: 0 },
    Catch: [
      {
        ErrorEquals: ['States.ALL'],
        Output: {
          part: number,
          exit_code: jsonata(code),
          error: jsonata('$states.errorOutput.Error'),
        },
        Next: 'PartFailed',
      },
    ],
    End: true,
  };
}
