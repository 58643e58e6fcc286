/**
 * What `cdk destroy` does with what is kept. A deployment that is rolled back takes along what it
 * created: names that it left behind would be taken when it is tried again.
 */

import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from './settings/definitions';

export function removalPolicy(settings: Settings): RemovalPolicy {
  return settings.keepData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
