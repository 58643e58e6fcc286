/** Names of the resources of a stage. `aws/src/lib.rs` has the same names. */

/** Names that programs and people use. CloudFormation names all other resources. */
export class ResourceNames {
  readonly stack: string;
  readonly prefix: string;
  readonly stream: string;
  readonly bus: string;

  constructor(stage: string) {
    this.stack = `Daymark-${stage}`;
    this.prefix = `daymark-${stage}-`;
    this.stream = this.of('events');
    this.bus = `daymark-${stage}`;
  }

  /** Returns the full name of a table, function, queue, alarm or other resource. */
  of(name: string): string {
    return `${this.prefix}${name}`;
  }
}
