import type { Lane, Rank } from '../trace/index.js';

/** A lane as the file names its parts. */
export interface LaneParts {
  readonly kind: Lane['kind'];
  /** index of the rank as `rank()` gave it */
  readonly rank: number;
  readonly device: number;
  readonly id: string;
  readonly process: string;
  readonly label: string;
}

/** Collects ranks and lanes in the order they are met; ranks end up in the order of their numbers. */
export class LaneBuilder {
  private readonly lanes: LaneParts[] = [];
  private readonly laneIds = new Map<string, number>();
  private readonly ranks: Rank[] = [];
  private readonly rankIds = new Map<string, number>();

  /** The number of a rank by what tells it apart; `make` is asked on first sight. */
  rank(key: string, make: () => Rank): number {
    let id = this.rankIds.get(key);
    if (id === undefined) {
      id = this.ranks.length;
      this.rankIds.set(key, id);
      this.ranks.push(make());
    }
    return id;
  }

  /** The number of a lane by what tells it apart; `make` is asked on first sight. */
  lane(key: string, make: () => LaneParts): number {
    let id = this.laneIds.get(key);
    if (id === undefined) {
      id = this.lanes.length;
      this.laneIds.set(key, id);
      this.lanes.push(make());
    }
    return id;
  }

  get rankCount(): number {
    return this.ranks.length;
  }

  /** Where a rank of this number comes among the ranks built; -1 for none. */
  positionOf(rank: number): number {
    return this.order().indexOf(rank);
  }

  build(): { ranks: readonly Rank[]; lanes: readonly Lane[] } {
    const order = this.order();
    const position = new Map(order.map((from, to) => [from, to]));
    return {
      ranks: order.map((i) => this.ranks[i]),
      lanes: this.lanes.map((lane) => ({ ...lane, rank: position.get(lane.rank) ?? 0 })),
    };
  }

  private order(): readonly number[] {
    return this.ranks
      .map((_, i) => i)
      .sort((a, b) => this.ranks[a].rank - this.ranks[b].rank || a - b);
  }
}
