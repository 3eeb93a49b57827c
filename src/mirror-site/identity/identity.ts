/** What the operator gives the site: logo, icon, colour, addresses, own texts. */
import { OperatorError } from '../../domain/errors.js';
import type { Markup } from '../../markup/markup.js';
import type { MirrorSiteSection } from '../section.js';
import { defaultStyle, type PageStyle, styleWith } from '../style.js';
import { accentOf } from './colour.js';
import { type Image, imageOf, readImage } from './image.js';
import { readOwnText } from './own-text.js';

export interface Identity {
  readonly logo: Image | undefined;
  readonly icon: Image;
  readonly style: PageStyle;
  /** `mailto:` or a page. */
  readonly contact: string | undefined;
  /** Where to ask for the removal of a torrent. The default is the contact. */
  readonly takedown: string | undefined;
  readonly help: Markup | undefined;
  readonly privacy: Markup | undefined;
}

type IdentityKeys = Partial<
  Pick<MirrorSiteSection, 'logo' | 'icon' | 'colour' | 'contact' | 'takedown' | 'help' | 'privacy'>
>;

const DEFAULT_COLOUR = '#0b6e4f';

/** A site without any of it. */
export const PLAIN_IDENTITY: Identity = {
  logo: undefined,
  icon: drawnIcon(DEFAULT_COLOUR),
  style: defaultStyle,
  contact: undefined,
  takedown: undefined,
  help: undefined,
  privacy: undefined,
};

/** How each file is read. They throw an OperatorError that names the file and says what to do. */
export const IDENTITY_FILES = {
  logo: (file: string) => readImage('logo', file),
  icon: (file: string) => readImage('icon', file),
  help: readOwnText,
  privacy: readOwnText,
};

/** @throws OperatorError that names the key as well */
export async function readIdentity(section: IdentityKeys): Promise<Identity> {
  const { colour, contact, takedown } = section;
  const [logoImage, iconImage, helpText, privacyText] = await Promise.all([
    readNamed('logo', section.logo, IDENTITY_FILES.logo),
    readNamed('icon', section.icon, IDENTITY_FILES.icon),
    readNamed('help', section.help, IDENTITY_FILES.help),
    readNamed('privacy', section.privacy, IDENTITY_FILES.privacy),
  ]);
  return {
    logo: logoImage,
    icon: iconImage ?? drawnIcon(colour ?? DEFAULT_COLOUR),
    style: colour === undefined ? defaultStyle : styleWith(accentOf(colour, 'light'), accentOf(colour, 'dark')),
    contact: contact ?? takedown,
    takedown: takedown ?? contact,
    help: helpText,
    privacy: privacyText,
  };
}

async function readNamed<T>(
  key: keyof typeof IDENTITY_FILES,
  file: string | undefined,
  read: (file: string) => Promise<T>,
): Promise<T | undefined> {
  try {
    return file === undefined ? undefined : await read(file);
  } catch (thrown) {
    if (!(thrown instanceof OperatorError)) throw thrown;
    throw new OperatorError(`mirrorSite.${key}: ${thrown.message}`, { code: thrown.code, cause: thrown });
  }
}

function drawnIcon(colour: string): Image {
  const { colour: ground, ink } = accentOf(colour, 'light');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="${ground}"/><path d="M8 3v7M4.5 7 8 10.5 11.5 7M4 13h8" fill="none" stroke="${ink}" stroke-width="1.8"/></svg>\n`;
  return imageOf('icon', Buffer.from(svg), () => 'unreachable');
}
