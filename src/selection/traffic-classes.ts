/** By what the traffic of the operator's own clients is counted: the words that the data plane and the savings estimate share. */

/** The household groups, and the operator's caches, whose downloads the network would not make without localisation. */
export const TRAFFIC_CLASSES = ['localised', 'plain', 'control', 'cache'] as const;
export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];

/** What is counted for each class and replicate, in bytes. */
export const TRAFFIC_MEASURES = [
  'downloaded',
  'uploaded',
  /** The part of `downloaded` that came from outside, by the share of foreign peers in the client's last answer: see answer-mix. */
  'foreignByShare',
  /** The part of `uploaded` that certainly went to inner clients, because their swarm has never had a foreign leecher. */
  'uploadedInside',
] as const;
export type TrafficMeasure = (typeof TRAFFIC_MEASURES)[number];

/** Arrays by locality group. */
export const GROUP_MEASURES = [
  /** Of localised households there, bytes. */
  'downloaded',
  'foreignByShare',
  /** Foreign peers of that network in sampled answers to localised leechers, and in random ones. */
  'sourcesLocalised',
  'sourcesRandom',
] as const;
export type GroupMeasure = (typeof GROUP_MEASURES)[number];

/** Announces of inner clients by what they said of traffic. */
export const ANNOUNCE_KINDS = ['counted', 'first', 'restarted', 'backward', 'impossible'] as const;
export type AnnounceKind = (typeof ANNOUNCE_KINDS)[number];
