/** What the help and privacy pages say in English; every other language has the same. A line is a paragraph. */

export interface Section {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** What the texts depend on. */
export interface Facts {
  readonly operator: string;
  /** For how long the tracker holds a client that has left. */
  readonly heldMinutes: number;
  /** The list is also made of how often torrents are asked for at a web cache. */
  readonly countsRequests: boolean;
  /** This server fetches pages of other sites for readers; with or without telling those sites the reader's address. */
  readonly passes: 'with-address' | 'without-address' | undefined;
}

export const ENGLISH_INFORMATION = {
  help: 'Help',
  privacy: 'Privacy',
  contact: 'Contact',
  takedown: 'Report a torrent',
  clients: 'Clients that work here:',
  helpSections: ({ operator }: Facts): readonly Section[] => [
    {
      heading: 'What is a torrent?',
      lines: [
        'A torrent file describes other files: their names, their sizes and check sums of their parts. Your BitTorrent client reads it and fetches the parts from people who have them. Meanwhile it gives them the parts that you have.',
        'A magnet link is the same in one line. The client then asks others for the description.',
        'A seed has all parts. A leecher is still fetching some.',
      ],
    },
    {
      heading: 'Which client do I need?',
      lines: [
        'Any BitTorrent client works. Install one, choose a torrent here, and press “Download” for its file or “Magnet” for its link. The client opens it and asks where to save the files.',
        'It takes no settings. If you stay in the swarm after your download, your neighbours can fetch from you.',
      ],
    },
    {
      heading: 'How does this site help?',
      lines: [
        `Torrents from here name a tracker of ${operator} in place of the original one. It shows your client first to people who are inside the same network. What they have reaches you over a short way, which is often faster and keeps lines to other networks free.`,
        'What nobody inside has comes from outside, as before.',
        'The content is the same: the info-hash of each torrent is that of the original, and your client checks every part against it.',
        '“Inside” counts people in this network at this moment. A rate such as “about 40 Mbit/s from inside” is an estimate of what they can send to one more person. Your own line may allow less.',
      ],
    },
    {
      heading: `What does ${operator} see?`,
      lines: [
        'Like every tracker, this one sees the address of your client, which torrents it takes part in, how much it has left, and how much it says it has sent and received. It needs that to bring clients together. The privacy page says for how long.',
        'Other people in a swarm see the address of your client, as with any tracker.',
      ],
    },
    {
      heading: 'Something does not work',
      lines: [
        'The torrent stays at 0 %: nobody may have it at the moment. Look at the number of seeds, and give it some time.',
        'The torrent is a private one of its site: private torrents are not listed here, and keep their own tracker.',
        'The files are not what the name says, or should not be here: report the torrent, if there is an address for that below.',
      ],
    },
  ],
  privacySections: ({ operator, heldMinutes, countsRequests, passes }: Facts): readonly Section[] => [
    {
      heading: 'This site',
      lines: [
        'The pages of the catalogue set no cookies, count no visitors, and load nothing from other sites.',
        'Visits are not logged. If a page fails because of an error in the program, the log notes the address of that page, which has the words of a search in it, but not who asked for it.',
        'While your connection is open, the program has your address in memory, so that one address cannot take all connections.',
      ],
    },
    ...(passes === undefined
      ? []
      : [
          {
            heading: 'Pages of other sites',
            lines: [
              `Under the names of some other sites, this server fetches their pages for you. What you send to such a site, your cookies for it and its answers pass through this server. They are not stored or logged here.`,
              passes === 'with-address'
                ? 'The site gets the address of this server, and yours.'
                : 'The site gets the address of this server, not yours.',
              'If you choose to see the original pages unchanged, a cookie remembers that choice and nothing else.',
            ],
          },
        ]),
    {
      heading: 'The catalogue',
      lines: [
        'It stores torrents: what they are called, what is in them, where they were found, and how many seeds and leechers they have. It stores nothing about who they are.',
        'Numbers of seeds and leechers are stored for 26 hours, for the plots. Popularity is stored for 30 days.',
        ...(countsRequests
          ? [
              `The list is also made of how often torrents are asked for at a web cache of ${operator}. Only the address of the torrent, the day and the number are stored.`,
            ]
          : []),
      ],
    },
    {
      heading: 'The tracker',
      lines: [
        `It holds the address and port of each client, the torrents that it takes part in, whether it has all parts, and how much it says it has sent, for up to ${heldMinutes} minutes after the client was last heard of. A copy of that is on disk, so that a restart loses nothing; only the program can read it.`,
        'It tells the addresses to other clients of the same torrent, because that is what a tracker is for.',
        'It asks original trackers for people outside. They learn that somebody here wants the torrent, but not who.',
        'Staff who operate the service can see which addresses take part in which torrent while it holds them. None of it is in a log.',
      ],
    },
  ],
};

export type InformationWords = typeof ENGLISH_INFORMATION;
