/** What pages import of the server: client, faults, and the names of its shapes. */
import type { components } from './schema';

export { api, Fault, fault, faultOf, freshKey, take, told, whenSignedOut } from './client';
export type { components, operations, paths } from './schema';

type Shapes = components['schemas'];
export type Act = Shapes['Act'];
export type Call = Shapes['Call'];
export type Candidate = Shapes['Candidate'];
export type Case = Shapes['Case'];
export type CasePage = Shapes['CasePage'];
export type Clock = Shapes['Clock'];
export type Desk = Shapes['Desk'];
export type Length = Shapes['Length'];
export type Line = Shapes['Line'];
export type Me = Shapes['Me'];
export type Member = Shapes['Member'];
export type Organisation = Shapes['OrganisationView'];
export type PlaceGuess = Shapes['PlaceGuess'];
export type Policy = Shapes['Policy'];
export type Proposal = Shapes['Proposal'];
export type Repeat = Shapes['Repeat'];
export type Reason = Shapes['Reason'];
export type State = Shapes['State'];
export type Signal = Shapes['SignalView'];
export type Subject = Shapes['SubjectView'];
export type TimelineEntry = Shapes['TimelineEntry'];
