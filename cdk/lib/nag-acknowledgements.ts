/** Rules of cdk-nag that a resource breaks on purpose, each with its reason. */

import { Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

export function acknowledge(construct: IConstruct, reasons: Record<string, string>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/** A part of an ARN as cdk-nag writes it: what is known at synthesis, or the parameter's name. */
export function named(part: string, parameter: 'Partition' | 'Region'): string {
  return Token.isUnresolved(part) ? `<AWS::${parameter}>` : part;
}
