/** What readers see in an original's place, in the languages of the mirror site. */

const ENGLISH = {
  unreachable: 'The original site does not answer',
  unreachableWhy: (host: string) => `${host} cannot be reached from here at the moment. It is not your connection.`,
  timeout: 'The original site takes too long',
  timeoutWhy: (host: string) => `${host} has not answered in time. It may be overloaded.`,
  busy: 'Too many requests at once',
  busyWhy: 'Too many requests to this site are under way. Try again in a few seconds.',
  loop: 'The request went in a circle',
  loopWhy: (host: string) => `The address of ${host} leads to another copy of this service.`,
  meanwhile: 'Meanwhile there is a local copy of its popular torrents:',
  copyOfThis: 'The local copy of this torrent',
  again: 'Try again',
  choice: (site: string) => `${site} through this network`,
  isRewritten: (site: string) =>
    `You reach ${site} through your provider. Torrents and magnet links on its pages use a tracker of your provider, which prefers peers inside its network. Nothing else is changed.`,
  isOriginal: (site: string) => `You get the pages of ${site} unchanged.`,
  leave: 'Show the original page',
  comeBack: 'Use the tracker of your provider again',
  bannerLink: 'About this page',
};

type Words = typeof ENGLISH;

const GERMAN: Words = {
  unreachable: 'Die Original-Seite antwortet nicht',
  unreachableWhy: (host) => `${host} ist von hier aus gerade nicht erreichbar. An Ihrem Anschluss liegt es nicht.`,
  timeout: 'Die Original-Seite braucht zu lange',
  timeoutWhy: (host) => `${host} hat nicht rechtzeitig geantwortet. Vielleicht ist sie überlastet.`,
  busy: 'Zu viele Anfragen gleichzeitig',
  busyWhy: 'Zu viele Anfragen an diese Seite laufen gerade. Versuchen Sie es in einigen Sekunden noch einmal.',
  loop: 'Die Anfrage ging im Kreis',
  loopWhy: (host) => `Die Adresse von ${host} führt zu einer anderen Kopie dieses Dienstes.`,
  meanwhile: 'Bis dahin gibt es eine lokale Kopie ihrer beliebten Torrents:',
  copyOfThis: 'Die lokale Kopie dieses Torrents',
  again: 'Noch einmal versuchen',
  choice: (site) => `${site} in diesem Netz`,
  isRewritten: (site) =>
    `Sie erreichen ${site} über Ihren Anbieter. Torrents und Magnet-Links auf ihren Seiten verwenden einen Tracker Ihres Anbieters, der Peers aus dem eigenen Netz bevorzugt. Sonst wird nichts verändert.`,
  isOriginal: (site) => `Sie bekommen die Seiten von ${site} unverändert.`,
  leave: 'Original-Seite anzeigen',
  comeBack: 'Wieder den Tracker des Anbieters verwenden',
  bannerLink: 'Über diese Seite',
};

/** @param language of the strings of the mirror site */
export function wordsFor(language: string): Words {
  return language === 'de' ? GERMAN : ENGLISH;
}
