/** What everything is called, in one place. The Rust side of it is `aws/src/settings.rs`. */

/** What the tools find, so that it has a name; all else is named by CloudFormation. */
export class ResourceNames {
  readonly stack: string;
  readonly prefix: string;
  readonly stream: string;
  readonly bus: string;

  constructor(readonly stage: string) {
    this.stack = `Daymark-${stage}`;
    this.prefix = `daymark-${stage}-`;
    this.stream = this.of('events');
    this.bus = `daymark-${stage}`;
  }

  /** The full name of a table, function, queue, alarm … of this stage. */
  of(name: string): string {
    return `${this.prefix}${name}`;
  }
}
