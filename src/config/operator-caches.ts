/** The operator's caches as every other part knows them: those of `operator.caches`, and each of `caches`. */
import { formatIp, type IpAddress } from '../domain/ip-address.js';

interface OperatorCache {
  readonly address: IpAddress;
  readonly preferredBy?: readonly string[] | undefined;
  readonly uplinkBpsMax?: number | undefined;
}

interface WithCaches {
  readonly operator: { readonly caches: readonly OperatorCache[] };
  readonly caches: readonly (Omit<OperatorCache, 'address'> & {
    readonly address: IpAddress | readonly IpAddress[];
  })[];
}

/** @returns `config` with each address of `caches` in `operator.caches`, once */
export function withOperatorCaches<Whole extends WithCaches>(config: Whole): Whole {
  const all = new Map<string, OperatorCache>();
  const managed = config.caches.flatMap(({ address, preferredBy, uplinkBpsMax }) =>
    [address].flat().map((each: IpAddress): OperatorCache => ({ address: each, preferredBy, uplinkBpsMax })),
  );
  for (const each of [...config.operator.caches, ...managed]) {
    const key = formatIp(each.address);
    const before = all.get(key);
    all.set(key, {
      address: each.address,
      preferredBy: before?.preferredBy ?? each.preferredBy,
      uplinkBpsMax: before?.uplinkBpsMax ?? each.uplinkBpsMax,
    });
  }
  return { ...config, operator: { ...config.operator, caches: [...all.values()] } };
}
