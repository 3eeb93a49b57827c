/** What a swarm knows of who serves inside, as a list of what happened. */
import { EVENT_STARTED } from '../../../../src/tracker/announce-request.js';
import { isLeecher, type Located, type ModelPeer } from './model-peer.js';

const LEECHERS_A_SEED = 8;
const LEECHERS_A_STARVED = 3;
const PROGRESS_SECONDS = 60;
const DISTRUST_SECONDS = 4 * 3600;

export class ModelEvidence {
  private generation = 1;
  private progress: { host: number; at: number }[] = [];
  private distrustedUntil = 0;

  constructor(
    private readonly peers: ReadonlyMap<string, ModelPeer>,
    private readonly family: 4 | 6,
  ) {}

  begin(peer: ModelPeer, inner: boolean): void {
    if (inner && peer.seed && peer.cache && !peer.marked) this.trust(peer);
  }

  /** @param peer what the announce left of `old` */
  review(old: ModelPeer, peer: ModelPeer, inner: boolean, early: boolean, spec: Located, uploaded: number): void {
    const changesRole = isLeecher(old) !== isLeecher(peer);
    if (!changesRole) {
      peer.marked = old.marked;
      peer.generation = old.generation;
      peer.abroad = old.abroad;
    }
    if (early && !changesRole) {
      peer.downloaded = old.downloaded;
      return;
    }
    if (!inner) {
      peer.marked = false;
      peer.abroad = false;
      return;
    }
    const age = spec.now - old.lastSeen;
    if (spec.event === EVENT_STARTED) return;
    if (isLeecher(old)) {
      if (peer.downloaded !== old.downloaded) {
        if (!(old.abroad && spec.now < this.distrustedUntil)) this.progress.push({ host: peer.host, at: spec.now });
        if (isLeecher(peer)) peer.marked = false;
      } else if (isLeecher(peer) && age >= PROGRESS_SECONDS && !peer.marked && !this.hasCounted(peer)) {
        peer.marked = true;
      }
    }
    if (!peer.seed) return;
    const since = old.lastSeen;
    if (uploaded !== old.uploaded) {
      if (!this.serves(peer) && this.progress.some(({ host, at }) => host !== peer.host && at > since))
        this.trust(peer);
    } else if (this.serves(peer) && age >= PROGRESS_SECONDS && this.starved() > 0) peer.marked = false;
  }

  /** @param innerLeechers as the requester sees them */
  judge(innerLeechers: number, now: number): { serving: number; suffices: boolean } {
    const fails = this.starved() > 0 && this.starved() * LEECHERS_A_STARVED >= innerLeechers;
    if (fails && this.serving() > 0) {
      this.generation++;
      this.progress = [];
      this.distrustedUntil = now + DISTRUST_SECONDS;
    }
    const serving = this.serving();
    return { serving, suffices: serving * LEECHERS_A_SEED >= innerLeechers && !fails };
  }

  counts(): { serving: number; starving: number } {
    return { serving: this.serving(), starving: this.starved() };
  }

  private all(): ModelPeer[] {
    return [...this.peers.values()].filter((peer) => peer.family === this.family);
  }

  private serves(peer: ModelPeer): boolean {
    return !isLeecher(peer) && peer.marked && peer.generation === this.generation;
  }

  private serving(): number {
    return this.all().filter((peer) => this.serves(peer)).length;
  }

  private starved(): number {
    return this.all().filter((peer) => isLeecher(peer) && peer.marked).length;
  }

  private hasCounted(peer: ModelPeer): boolean {
    return this.all().some(
      (other) =>
        other !== peer &&
        other.host === peer.host &&
        isLeecher(other) === isLeecher(peer) &&
        (isLeecher(other) ? other.marked : this.serves(other)),
    );
  }

  private trust(peer: ModelPeer): void {
    if (peer.withheld || this.hasCounted(peer)) return;
    peer.marked = true;
    peer.generation = this.generation;
  }
}
