/** Acknowledgements of cdk-nag's rules that a resource breaks on purpose. */

import { Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Acknowledges rules, by their ids, each with the reason for breaking the rule. */
export function acknowledge(construct: IConstruct, reasons: Record<string, string>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/** Returns an ARN component as cdk-nag writes it: the parameter's name if CDK does not know it. */
export function arnComponent(value: string, parameter: 'Partition' | 'Region'): string {
  return Token.isUnresolved(value) ? `<AWS::${parameter}>` : value;
}
